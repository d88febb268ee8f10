"""What shall run, and how it changes. Pure: facts in, decisions out, no clock, no I/O."""
