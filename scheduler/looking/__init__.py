"""Looking into instances: their sandboxes, as agents serve them, their output, and commands in their containers."""
