"""What is known and wanted of tasks: the ledger, and what a launch is made of. Pure."""
