"""Commands that look into instances: logs, files, exec."""
