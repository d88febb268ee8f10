"""What is refused by one function for all frozen classes is what each class's own would refuse."""
from __future__ import annotations

import sys

from tests.executor.isolated import run

CLASSES = """
from dataclasses import FrozenInstanceError, dataclass
@dataclass(frozen=True, slots=True)
class Slotted:
    there: int
    default: str = ""
@dataclass(frozen=True)
class Plain:
    there: int
@dataclass(frozen=True, slots=True)
class Below(Slotted):
    more: int = 0
class Ordinary(Plain):
    pass
@dataclass
class Open:
    there: int

def tried(change, value):
    try:
        change(value)
    except (FrozenInstanceError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"
    return "done"

def assign(name):
    def change(value):
        setattr(value, name, 2)
    return change

def remove(name):
    def change(value):
        delattr(value, name)
    return change

for made in (Slotted, Plain, Below, Ordinary, Open):
    # Another name for a slotted one is a TypeError about `super` in Python 3.11, by a fault of its own.
    for name in ("there",) if hasattr(made, "__slots__") else ("there", "other"):
        for change in (assign(name), remove(name)):
            print(made.__name__, name, tried(change, made(1)))
print(Slotted(1) == Slotted(1), hash(Plain(1)) == hash(Plain(1)), Below(1, more=3))
"""


def test_the_same_is_refused_with_the_same_words() -> None:
    shared = run("from executor.frozen import share_refusals\nshare_refusals()\n" + CLASSES)
    assert shared.count("cannot assign to field 'there'") == 4
    assert shared == run(CLASSES)


def test_it_is_one_function() -> None:
    """Where Python has what is replaced: 3.11 and 3.12. Another name there would only make us slow, so this fails."""
    said = run("""
from executor.frozen import share_refusals
share_refusals()
from executor.life.task import Task, Known
print(Task.__setattr__ is Known.__setattr__, Task.__delattr__ is Known.__delattr__)
""")
    assert said == ("True True\n" if sys.version_info < (3, 13) else "False False\n")
