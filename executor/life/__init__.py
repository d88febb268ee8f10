"""What may happen to a task, what it tells, how it ends. Pure."""
