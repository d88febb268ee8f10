"""What may block, done by workers; every answer is an event in the inbox."""
