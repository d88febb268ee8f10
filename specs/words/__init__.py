"""Texts with a grammar of their own: durations, sizes, ids, URIs, versions, selectors."""
