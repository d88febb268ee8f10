"""The executor of tasks that only have a command."""
