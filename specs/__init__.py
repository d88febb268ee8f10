"""What things are: Mesos's messages and rules, and what a container shall be. No I/O, no clock."""
