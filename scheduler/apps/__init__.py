"""What apps and their instances are, and how an instance becomes a task. Pure: no clock, no I/O."""
