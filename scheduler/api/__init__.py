"""REST, events and metrics over HTTP: sees views, and posts wishes into the service's inbox."""
