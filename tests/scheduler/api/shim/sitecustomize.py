"""Puts the abstract classes that Python 3.10 took from `collections` back, for the `marathon` client of PyPI.

Imported by tests; a process of its own finds it as sitecustomize when this folder is on PYTHONPATH.
"""
import collections
import collections.abc

for _name in ("Callable", "Iterable", "Mapping", "MutableMapping", "Sequence"):
    if not hasattr(collections, _name):
        setattr(collections, _name, getattr(collections.abc, _name))
