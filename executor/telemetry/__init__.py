"""What the executor tells of itself: its log, what it has counted, what its containers use, and its reports."""
