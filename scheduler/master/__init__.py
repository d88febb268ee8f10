"""The Mesos master: the port to it, its driver, its connections, and who leads."""
