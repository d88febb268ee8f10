"""Apps on the framework's loop: one owner of what is wanted and of what is, asked and told from
outside.
"""
