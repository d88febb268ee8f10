"""The one door to Docker: requests over its socket, each bounded, failures in our words."""
