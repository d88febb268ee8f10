"""The older protocol of agents and their executors, libprocess ("v0"): requests, messages, links, the session, and
the agent's port on them."""
