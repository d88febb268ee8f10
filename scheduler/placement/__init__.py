"""Which task goes where: pools of resources, matching, constraints. Pure."""
