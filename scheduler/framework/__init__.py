"""The loop that owns the framework."""
