"""The Mesos agent: the port, its driver, and the updates kept until they are acknowledged."""
