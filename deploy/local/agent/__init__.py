"""An agent: its executors, their updates, its checkpoints and recovery."""
