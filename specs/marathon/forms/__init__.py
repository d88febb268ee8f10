"""The JSON of apps and groups: what each field is called and may hold, said once for reading and
for writing.
"""
