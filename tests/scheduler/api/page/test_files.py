"""The page's files: how large they are, how they are sent, that those of others are unchanged; none makes markup."""
from __future__ import annotations

import gzip
import hashlib
import http.client
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from scheduler.api.access import Access, Role
from tests.scheduler.service.serving import Serving

PAGE = Path(str(files("scheduler.api.page")))
OURS = sorted(path for path in (PAGE / "static").rglob("*") if path.is_file())
SCRIPTS = [path for path in OURS if path.suffix == ".js"]
BUDGET = 150_000  # bytes of the first page, compressed
IMPORT = re.compile(r"""(?:^import|^export)[^'"]*from '([^']+)'|^import '([^']+)'""", re.MULTILINE)
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write"
                    r"|createContextualFragment|\beval\b|new Function|javascript:|setHTMLUnsafe|srcdoc")


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("state") / "state", access=Access({"t": Role.WRITE}),
                 prefix="/service/apps") as found:
        yield found


def fetched(serving: Serving, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=30)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name,
                                             value in headers.items()})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body, {name.lower(): value for name, value in response.getheaders()}


def first_page() -> set[str]:
    """What a browser fetches before it shows something: the document, what that names, and what is imported of it."""
    index = (PAGE / "static" / "index.html").read_text()
    found = {"static/index.html"}
    waiting = [each.removeprefix("page/")
               for each in re.findall(r'(?:href|src)="(page/[^"]+)"', index)]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if name.endswith((".js", ".mjs")):
            here = PAGE / name
            waiting += [str((here.parent / (one or other)).resolve().relative_to(PAGE.resolve()))
                        for one, other in IMPORT.findall(here.read_text())]
    return found


def test_the_first_page_is_small(serving: Serving) -> None:
    names = first_page()
    assert {"static/main.js", "static/views/app.js", "vendor/preact/preact.mjs"} <= names
    assert not {name for name in names if "xterm" in name or "uPlot" in name}  # fetched when somebody looks
    sent = 0
    for name in names:
        path = "/" if name == "static/index.html" else f"/page/{name}"
        status, body, headers = fetched(serving, path, Accept_Encoding="gzip, br")
        assert (status, headers["content-encoding"]) == (200, "gzip"), name
        assert gzip.decompress(body) == (PAGE / name).read_bytes()
        sent += len(body)
    assert sent <= BUDGET


def test_something_is_seen_before_any_script_has_come() -> None:
    """Scripts that are asked for ahead of time only take the connection from what the first paint needs."""
    index = (PAGE / "static" / "index.html").read_text()
    assert "modulepreload" not in index
    assert '<span class="brand">mesos-docker</span>' in index.partition('<div id="page">')[2]


def test_a_browser_is_told_what_the_page_may_do(serving: Serving) -> None:
    _, _, headers = fetched(serving, "/")
    policy = dict(each.strip().partition(" ")[::2]
                  for each in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert (PAGE / "static" / "index.html").read_text().count("<script") == 1
    assert "style=" not in (PAGE / "static" / "index.html").read_text()


def test_what_a_browser_has_is_not_sent_again(serving: Serving) -> None:
    status, _, headers = fetched(serving, "/page/static/main.js")
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    again, body, _ = fetched(serving, "/page/static/main.js", If_None_Match=headers["etag"],
                             Accept_Encoding="gzip")
    assert (again, body) == (304, b"")


@pytest.mark.parametrize("path", [
    "/page/static/nothing.js", "/page/static/../login.py", "/page/static/%2e%2e/login.py",
    "/page/login.py",
    "/page/vendor/README.md", "/page/vendor/preact/LICENSE", "/page//etc/passwd", "/page/static"])
def test_nothing_else_is_served(serving: Serving, path: str) -> None:
    assert fetched(serving, path)[0] in (404, 401)


def test_below_a_prefix_links_are_relative(serving: Serving) -> None:
    status, _, headers = fetched(serving, "/service/apps")
    assert (status, headers["location"]) == (308, "apps/")
    assert fetched(serving, "/service/apps/")[0] == 200
    assert fetched(serving, "/service/apps/page/static/main.js")[0] == 200


def test_files_of_others_are_unchanged_and_have_their_licences() -> None:
    vendor = PAGE / "vendor"
    note = (vendor / "README.md").read_text()
    told = dict(re.findall(r"^\| (\S+/\S+) \| .* \| ([0-9a-f]{64}) \|$", note, re.MULTILINE))
    there = {str(path.relative_to(vendor)): hashlib.sha256(path.read_bytes()).hexdigest()
             for path in vendor.rglob("*") if path.is_file()
             and path.name not in ("LICENSE", "README.md")}
    assert told == there
    for folder in {name.partition("/")[0] for name in there}:
        assert (vendor / folder / "LICENSE").stat().st_size > 500, folder
        assert re.search(rf"^\| {folder} \| \S+ \| [\d.]+ \| \S+ \| sha512-\S+ \|$", note,
                         re.MULTILINE), folder


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(PAGE)))
def test_no_script_of_ours_makes_markup_out_of_text(path: Path) -> None:
    text = path.read_text()
    assert MARKUP.findall(text) == []
    assert text.startswith("// "), "what it is for stands at its top"


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(PAGE)))
def test_files_are_small_and_lines_are_short(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= 300
    assert max(map(len, lines)) <= 130
