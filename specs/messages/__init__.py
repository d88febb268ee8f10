"""Mesos's messages as frozen values, field for field."""
