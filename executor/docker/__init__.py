"""Docker behind the engine's port: one door, every call bounded."""
