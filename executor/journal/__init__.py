"""What outlives a crash of the executor: its tasks, ends under way, updates not acknowledged."""
