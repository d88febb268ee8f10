"""How the two programs are started, shown and shipped: the commands, and the embedded Mesos."""
