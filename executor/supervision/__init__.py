"""The loop that owns every task, and who performs what a task's life asks for."""
