"""What this program tells of itself: what it has counted, what its executors report, what instances use, its log."""
