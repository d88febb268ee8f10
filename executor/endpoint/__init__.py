"""What is told to the service directly: it is dialled, nothing listens, and the loop's objects are not touched."""
