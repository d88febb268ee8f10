"""What people and tools read: /state, the operator API, metrics, files."""
