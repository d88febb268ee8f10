"""What every command begins and ends with: the entry, signals, problems as people read them."""
