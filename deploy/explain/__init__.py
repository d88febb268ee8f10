"""`mesos-docker explain`: what a task would become, and why it would be refused."""
