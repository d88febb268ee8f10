"""What is loaded in case of need waits for the need."""
from __future__ import annotations

from tests.executor.isolated import run


def test_what_runs_tasks_asks_for_none_of_them() -> None:
    """A dataclass without a docstring would: it has one written by `inspect`. In Python 3.14 the library's own do."""
    assert run("""
from executor.later import SELDOM_USED, LaterModule, load_later
load_later(*SELDOM_USED)
import executor.program, executor.wiring, executor.docker.runtime, executor.agent.v0.driver
from specs.forms import wire
wire.decode("mesos.v1.TaskID", wire.encode("mesos.v1.TaskID", {"value": "t"}))
own = {"inspect"} if sys.version_info >= (3, 14) else set()
loaded = {name for name in SELDOM_USED if type(sys.modules[name]) is not LaterModule}
print(sorted(loaded - own), "google" in sys.modules)
""") == "[] False\n"


def test_it_is_there_for_who_asks() -> None:
    assert run("""
from executor.later import load_later
load_later("inspect", "textwrap", "json.tool")
import inspect, json
from textwrap import dedent
print(dedent("  a"), inspect.signature(lambda b: b), inspect.__name__)
print(sys.modules["inspect"].__file__ == inspect.__file__)
import textwrap
print(textwrap.indent("c", "> "))
try:
    inspect.nonsense
except AttributeError as error:
    print(error)
""") == "a (b) inspect\nTrue\n> c\nmodule 'inspect' has no attribute 'nonsense'\n"


def test_annotations_are_told_of_whatever_has_some() -> None:
    assert run("""
from executor.later import LaterModule, load_later
load_later("inspect")
import inspect
class Told:
    a: int
class Silent(Told): ...
def function(b: str) -> None: ...
print(inspect.get_annotations(Told), inspect.get_annotations(Silent))
print(inspect.get_annotations(function), inspect.get_annotations(Told, eval_str=True))
""") == "{'a': <class 'int'>} {}\n{'b': <class 'str'>, 'return': None} {'a': <class 'int'>}\n"


def test_what_is_loaded_stays() -> None:
    assert run("""
import textwrap
from executor.later import load_later
load_later("textwrap")
print(sys.modules["textwrap"] is textwrap)
""") == "True\n"


def test_a_fault_is_told_as_ever() -> None:
    assert "ZeroDivisionError" in run("""
from executor.later import SELDOM_USED, load_later
load_later(*SELDOM_USED)
import traceback
try:
    1 / 0
except ZeroDivisionError:
    print(traceback.format_exc())
""")
