"""Executors as processes and as containers, and what they are given: sandbox, files."""
