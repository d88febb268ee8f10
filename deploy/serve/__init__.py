"""`mesos-docker serve`: the service that keeps apps running, in the foreground."""
