"""`mesos-docker run`: tasks on a cluster or on an embedded Mesos, watched to their end."""
