"""What a master and an agent accept, in Mesos's words."""
