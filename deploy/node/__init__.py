"""The commands on an agent: what is left there of executors that are gone."""
