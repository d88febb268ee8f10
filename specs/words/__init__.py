"""Texts with a grammar of their own: durations, sizes, ids, addresses, versions, selectors."""
