"""What is shown, as JSON: pure functions from views to the forms of Marathon and of our own, with
their schemas.
"""
