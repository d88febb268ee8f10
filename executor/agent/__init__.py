"""The Mesos agent: the port to it, its driver, and the updates that are kept until they are acknowledged."""
