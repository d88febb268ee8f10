"""The port to a container engine, and what its words mean. Pure; it knows no Mesos."""
