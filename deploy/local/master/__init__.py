"""A master: its agents, allocations, subscriptions and tasks."""
