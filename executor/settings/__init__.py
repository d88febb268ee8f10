"""What an executor is told at its start: flags, environment, the names of labels. Frozen."""
