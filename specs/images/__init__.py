"""Images: what they are called, what a registry says of them, for which platform, and who may pull them."""
