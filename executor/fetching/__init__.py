"""A program of its own: it fetches the files of one task into its sandbox, as the task's user."""
