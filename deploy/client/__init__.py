"""The commands that talk to a service: apps, their instances and their changes."""
