"""What an agent starts with a Python that sees nothing but the standard library and this folder."""
