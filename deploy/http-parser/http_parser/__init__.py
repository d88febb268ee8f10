"""Stands in for http-parser 0.9.0, which does not compile on Python >= 3.11; see the README beside
this package.
"""
