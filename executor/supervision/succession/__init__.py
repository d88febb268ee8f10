"""What the next process has to know, and how it takes over."""
