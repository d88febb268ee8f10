"""Ids of instances and tasks: made, read, and read back."""
from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.apps.ids import (
    IdKind,
    app_id,
    app_of_instance,
    instance_id,
    owner,
    read_task_id,
    safe_path,
    task_id,
    task_name,
)
from specs.errors import SpecError

UUID = "4455cb85-0c16-490d-b84e-481f8321ff0a"
SEGMENT = st.from_regex(r"([a-z0-9]|[a-z0-9][a-z0-9.-]{0,6}[a-z0-9])", fullmatch=True).filter(lambda s: ".." not in s)
APP = st.lists(SEGMENT, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(APP, st.uuids(), st.integers(1, 10**6))
def test_what_is_made_is_read_back(of_app: str, unique: uuid.UUID, incarnation: int) -> None:
    instance = instance_id(of_app, str(unique))
    made = task_id(instance, incarnation)
    found = read_task_id(made)
    assert str(found) == made
    assert (found.kind, found.app_id, found.instance_id, found.incarnation, found.container) == (
        IdKind.INCARNATION, of_app, instance, incarnation, None)
    assert str(found.next()) == task_id(instance, incarnation + 1)
    assert app_of_instance(instance) == of_app == app_id(safe_path(of_app))
    assert owner(made) == (of_app, instance)


def test_the_owner_of_a_task_whose_app_is_called_like_an_instance() -> None:
    instance = instance_id("/a.instance-1/b", UUID)
    assert owner(task_id(instance, 2)) == ("/a.instance-1/b", instance)


@pytest.mark.parametrize(("text", "kind", "of_app", "instance", "following"), [
    (f"app.{UUID}", IdKind.LEGACY, "/app", f"app.marathon-{UUID}", f"app.{UUID}.1"),
    (f"a_b_{UUID}", IdKind.LEGACY, "/a/b", f"a_b.marathon-{UUID}", f"a_b_{UUID}.1"),
    (f"app.{UUID}.2", IdKind.LEGACY_RESIDENT, "/app", f"app.marathon-{UUID}", f"app.{UUID}.3"),
    (f"a.instance-{UUID}._app", IdKind.INSTANCE, "/a", f"a.instance-{UUID}", f"a.instance-{UUID}._app.1"),
    (f"a.instance-{UUID}.rails", IdKind.INSTANCE, "/a", f"a.instance-{UUID}", f"a.instance-{UUID}.rails.1"),
    (f"a.marathon-{UUID}._app.7", IdKind.INCARNATION, "/a", f"a.marathon-{UUID}", f"a.marathon-{UUID}._app.8"),
    (f"a.b.instance-{UUID}.c.1", IdKind.INCARNATION, "/a.b", f"a.b.instance-{UUID}", f"a.b.instance-{UUID}.c.2"),
])
def test_older_forms(text: str, kind: IdKind, of_app: str, instance: str, following: str) -> None:
    found = read_task_id(text)
    assert (found.kind, found.app_id, found.instance_id, str(found.next())) == (kind, of_app, instance, following)
    assert str(found) == text


@pytest.mark.parametrize("text", ["", "app", "no-separator", "app.not-a-uuid", f"app.instance-x{UUID}._app", UUID,
                                  f".{UUID}", "app.instance-1-1-1-1-1._app", f"app.{UUID}.x", f"app.{UUID}.٣"])
def test_no_ids(text: str) -> None:
    with pytest.raises(SpecError, match="is no id of a task"):
        read_task_id(text)


@pytest.mark.parametrize("text", ["", "app", f"app.{UUID}", "app.instance-x", f"app.instance-{UUID}._app"])
def test_no_ids_of_instances(text: str) -> None:
    with pytest.raises(SpecError, match="is no id of an instance"):
        app_of_instance(text)


def test_the_name_begins_with_the_innermost() -> None:
    assert task_name("/product/frontend") == "frontend.product"
