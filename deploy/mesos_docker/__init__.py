"""What others find us by, installed under a name that is nobody else's: the command, and pytest's plugin."""
