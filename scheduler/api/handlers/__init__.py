"""What each route does: from a request to a call on the service or a look at its view, and to an
answer.
"""
