"""Texts with a grammar of their own: durations, sizes, images, ids, addresses, versions."""
