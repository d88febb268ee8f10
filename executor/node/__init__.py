"""This machine: output files, processes, cgroups, network namespaces."""
