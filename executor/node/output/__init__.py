"""A task's output and other files in its sandbox: opened with care, written, rotated, gone on with."""
