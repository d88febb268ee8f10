"""How they speak: libprocess's HTTP, Mesos's JSON, the link between master and agent."""
