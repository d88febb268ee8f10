"""Groups: what is said of them, what comes of it, and what a tree may be."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from specs.marathon.app import App
from specs.marathon.container import Container, ContainerType, ExternalVolume
from specs.marathon.definitions import Config
from specs.marathon.errors import MarathonError
from specs.marathon.group import Group
from specs.marathon.groups import GroupUpdate, applied, judge_tree, read_group

CONFIG = Config()


def app(app_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": app_id, "cmd": "sleep 1", **fields}


def read(value: object, **how: Any) -> GroupUpdate:
    return read_group(value, CONFIG, **{"default_id": "/", **how})


def refused(value: object, **how: Any) -> dict[str, tuple[str, ...]]:
    with pytest.raises(MarathonError) as raised:
        read(value, **how)
    assert raised.value.status == 422
    return {each.path: each.errors for each in raised.value.details or () if not isinstance(each, str)}


def test_ids_are_seen_from_the_group_that_they_stand_in() -> None:
    update = read({"id": "prod", "apps": [app("web", dependencies=["db", "../dev"])], "dependencies": ["../base"],
                   "groups": [{"id": "db", "apps": [app("/prod/db/one")]}, {"id": "../prod/empty"}]})
    group = applied(update, None)
    assert group.id == "/prod"
    assert [each.id for each in group.all_apps()] == ["/prod/web", "/prod/db/one"]
    assert list(group.groups) == ["/prod/db", "/prod/empty"]
    assert group.apps["/prod/web"].dependencies == ("/prod/db", "/dev")
    assert group.dependencies == ("/base",)


def test_what_is_said_takes_the_place_and_what_is_not_stays() -> None:
    before = applied(read({"id": "/g", "apps": [app("a"), app("b")], "groups": [{"id": "h", "apps": [app("c")]}],
                           "dependencies": ["/x"]}), None)
    kept = applied(read({"id": "/g"}), before)
    assert kept == before
    fewer = applied(read({"id": "/g", "apps": [app("a", instances=3)]}), before)
    assert {each.id: each.instances for each in fewer.all_apps()} == {"/g/a": 3, "/g/h/c": 1}
    assert fewer.dependencies == ("/x",)
    inner = applied(read({"id": "/g", "groups": [{"id": "h"}, {"id": "new"}]}), before)
    assert [each.id for each in inner.all_apps()] == ["/g/a", "/g/b", "/g/h/c"]
    assert not list(applied(read({"id": "/g", "apps": [], "groups": []}), before).all_apps())


def test_scaling() -> None:
    before = applied(read({"id": "/g", "apps": [app("a", instances=3)], "groups": [{"id": "h", "apps": [app("c")]}]}),
                     None)
    scaled = applied(read({"id": "/g", "scaleBy": 1.5}), before)
    assert {each.id: each.instances for each in scaled.all_apps()} == {"/g/a": 5, "/g/h/c": 2}
    with pytest.raises(MarathonError, match="//g/a/instances: got 300000, expected 100000 or less"):
        judge_tree(Group(groups={"/g": applied(read({"id": "/g", "scaleBy": 1e5}), before)}))


@pytest.mark.parametrize(("value", "path", "error"), [
    ([], "/", "error.expected.jsobject"),
    ({"apps": {}}, "/apps", "error.expected.jsarray"),
    ({"apps": [None]}, "/apps(0)", "error.expected.jsobject"),
    ({"apps": [{"cmd": "true"}]}, "/apps(0)/id", "'id' is undefined on object"),
    ({"groups": [{"id": "g", "apps": [app("a"), app("b", cpus="1")]}]}, "/groups(0)/apps(1)/cpus",
     "error.expected.jsnumber"),
    ({"id": "A"}, "/id", "error.pattern"),
    ({"scaleBy": -1}, "/scaleBy", "error.min"),
    ({"scaleBy": 1e300}, "/scaleBy", "error.max"),
    ({"version": "x"}, "/version", "error.expected.date.isoformat"),
    ({"pods": [{"id": "p"}]}, "/pods", "pods are not supported"),
    ({"groups": [{}]}, "/groups(0)/id", "not defined"),
    ({"groups": [{"id": "/a/b"}]}, "/groups(0)/id", "Identifier is not child of '/'"),
    ({"apps": [app("a/b")]}, "/apps(0)/id", "Identifier is not child of '/'"),
    ({"id": "g", "apps": [app("/h/a")]}, "/apps(0)/id", "Identifier is not child of '/g'"),
    ({"id": "g/versions"}, "/id", "must not end with any of the following reserved keywords"),
    ({"id": "g" * 200}, "/id", "must not have more than 196 characters"),
    ({"scaleBy": 2, "apps": []}, "/scaleBy", "not allowed in conjunction with other properties."),
    ({"version": "2015-01-01T00:00:00Z", "dependencies": []}, "/version", "not allowed in conjunction"),
    ({"groups": [{"id": "g", "scaleBy": 2}]}, "/groups(0)/scaleBy", "not allowed in conjunction"),
    ({"id": "a/b", "enforceRole": True}, "/enforceRole", "/a/b is not top-level"),
    ({"apps": [app("a", gpus=1)]}, "/apps(0)", "Feature gpu_resources is not enabled"),
    ({"groups": [{"id": "g", "apps": [app("a", role="x")]}]}, "/groups(0)/apps(0)/role", "expected one of: [*, g]"),
])
def test_what_is_refused(value: object, path: str, error: str) -> None:
    found = refused(value)
    assert any(error in each for each in found.get(path, ())), found


def test_everything_that_is_wrong_is_told_at_once() -> None:
    found = refused({"id": "g", "apps": [app("a", cmd="x"), app("b"), app("c", executor="/x/")],
                     "groups": [{"id": "h", "apps": [app("d", gpus=1)]}, {"id": "/i"}]})
    assert found.keys() == {"/apps(0)", "/apps(2)/executor", "/groups(0)/apps(0)", "/groups(1)/id"}


def test_depth_is_bounded() -> None:
    value: dict[str, Any] = {"id": "a"}
    for _ in range(3000):
        value = {"id": "a", "groups": [value]}
    refused(value)
    for depth in (90, 120, 200, 240):
        value = {"id": "a"}
        for _ in range(depth):
            value = {"id": "a", "groups": [value]}
        if depth < 98:
            judge_tree(Group(groups={"/a": applied(read(value), None)}))
        else:
            refused(value)


def test_what_was_passed_over_is_told_with_its_place() -> None:
    update = read({"acme": 1, "groups": [{"id": "g", "apps": [app("a", acme=1, acceptedResourceRoles=["x", "*"])]}]})
    assert sorted(update.unknown) == [
        "/acme", "/groups(0)/apps(0)/acceptedResourceRoles", "/groups(0)/apps(0)/acme"]


def test_a_group_can_say_that_its_apps_have_its_role() -> None:
    said = {"groups": [{"id": "dev", "enforceRole": True, "apps": [app("a")], "groups": [
        {"id": "x", "apps": [app("b")]}]}]}
    group = applied(read(said), None)
    assert {each.role for each in group.all_apps()} == {"dev"}
    again = read({"groups": [{"id": "dev", "apps": [app("c")]}]}, enforcing=frozenset({"/dev"}))
    assert [each.role for each in applied(again, group).all_apps()] == ["dev", "dev"]
    with pytest.raises(MarathonError, match="/enforceRole: enforceRole cannot be modified"):
        applied(read({"id": "/dev", "enforceRole": False, "apps": []}), group.groups["/dev"])
    assert applied(read({"id": "/dev", "enforceRole": False}), group.groups["/dev"]).enforce_role is False


def test_the_role_that_an_app_has_may_stay() -> None:
    existing = App("/g/a", cmd="true", role="old")
    update = read({"id": "g", "apps": [app("a", role="old")]}, existing={"/g/a": existing})
    assert applied(update, None).apps["/g/a"].role == "old"


def tree(*apps: App, groups: dict[str, tuple[str, ...]] | None = None) -> Group:
    """A tree with these apps in groups of one level, whose dependencies are given."""
    needs = groups or {}
    found: dict[str, Group] = {name: Group(name, dependencies=needed) for name, needed in needs.items()}
    root = Group()
    for each in apps:
        name = each.id.rpartition("/")[0]
        if not name:
            root = replace(root, apps={**root.apps, each.id: each})
        else:
            group = found.get(name, Group(name))
            found[name] = replace(group, apps={**group.apps, each.id: each})
    return replace(root, groups=found)


@pytest.mark.parametrize(("root", "has_circle"), [
    (tree(App("/a", dependencies=("/b",)), App("/b")), False),
    (tree(App("/a", dependencies=("/a",))), True),
    (tree(App("/a", dependencies=("/b",)), App("/b", dependencies=("/c",)), App("/c", dependencies=("/a",))), True),
    (tree(App("/a", dependencies=("/none",))), False),
    (tree(App("/a", dependencies=("/",))), True),
    (tree(App("/g/a", dependencies=("/g",))), True),
    (tree(App("/g/a", dependencies=("/h",)), App("/h/b", dependencies=("/g",))), True),
    (tree(App("/g/a", dependencies=("/h",)), App("/h/b", dependencies=("/i",)), App("/i/c")), False),
    (tree(App("/g/a"), App("/h/b"), groups={"/g": ("/h",), "/h": ("/g",)}), True),
    (tree(App("/g/a"), groups={"/g": ("/h",), "/h": ("/g",)}), False),
    (tree(App("/g/a", dependencies=("/b",)), App("/b", dependencies=("/g/c",)), App("/g/c")), False),
    (tree(App("/g/a", dependencies=("/b",)), App("/b", dependencies=("/g",)), App("/g/c")), True),
])
def test_circles(root: Group, has_circle: bool) -> None:
    if not has_circle:
        judge_tree(root)
        return
    with pytest.raises(MarathonError, match=r"/: Dependency graph has cyclic dependencies\."):
        judge_tree(root)


def test_a_long_chain_is_no_trouble() -> None:
    chain = [App(f"/a{number}", dependencies=(f"/a{number + 1}",)) for number in range(5000)]
    judge_tree(tree(*chain, App("/a5000")))


def test_an_app_and_a_group_of_one_id() -> None:
    with pytest.raises(MarathonError, match="//g: Groups and Applications may not have the same identifier"):
        judge_tree(tree(App("/g"), App("/g/a")))


def test_what_was_judged_before_is_not_judged_again() -> None:
    old = tree(App("/a"), App("/g/b", instances=200_000))
    judge_tree(replace(old, apps={**old.apps, "/c": App("/c")}), old)
    for wrong in (replace(old, apps={"/a": App("/a", instances=200_000)}),
                  replace(old, groups={"/g": replace(old.groups["/g"], apps={"/g/b": App("/g/b", instances=200_000)})}),
                  replace(old, groups={**old.groups, "/a": Group("/a")}),
                  replace(old, apps={**old.apps, "/x/y": App("/x/y")})):
        with pytest.raises(MarathonError):
            judge_tree(wrong, old)


def test_a_volume_is_of_one_app() -> None:
    def using(app_id: str, *, shared: bool) -> App:
        volume = ExternalVolume("x", "v", "dvdi", shared=shared)
        return App(app_id, container=Container(ContainerType.MESOS, volumes=(volume,)))

    judge_tree(tree(using("/a", shared=True), using("/b", shared=True)))
    with pytest.raises(MarathonError, match=r"Volume name 'v' in /a conflicts with .* in app\(s\): /b"):
        judge_tree(tree(using("/a", shared=False), using("/b", shared=False)))
