"""Docker behind the engine's port: one door to the SDK, every call bounded."""
