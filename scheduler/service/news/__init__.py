"""What happened, as it is told: statuses read, events numbered and replayed, the last endings of
each app kept.
"""
