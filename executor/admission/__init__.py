"""A LAUNCH on its way in: read, agreed, planned, given a sandbox and its secrets."""
