"""Marathon's apps and groups: what they are, how they are read and written, and what their rules
refuse.
"""
