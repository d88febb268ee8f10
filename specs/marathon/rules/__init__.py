"""What is refused of an app or a group though its JSON is well-formed: by Marathon's rules, and by
ours.
"""
