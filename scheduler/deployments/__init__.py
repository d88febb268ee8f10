"""How apps come to what they shall be, and stay it: plans, and what follows for each app from what
is. Pure.
"""
