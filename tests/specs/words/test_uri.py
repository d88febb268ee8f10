"""Names of what is fetched, and what can be said against them, in Mesos's words."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.errors import SpecError
from specs.words.uri import base_name, check_uri, local_path, target_name, unpacks, web_address

HOME = ("A relative path was passed for the resource but the Mesos framework home was not specified. "
        "Please either provide this config option or avoid using a relative path")


@pytest.mark.parametrize(("uri", "name"), [
    ("http://h/a/b.tgz", "b.tgz"), ("http://h/a.tgz?x=1&y=/2", "2"), ("http://h/a.tgz?x=1", "a.tgz?x=1"),
    ("/etc/hostname", "hostname"), ("file:///a/b", "b"), ("a/b/", "b"), ("/", "/"), ("", "."), ("hdfs://n/p/f", "f"),
    ("http://h/a/", ""),
])
def test_names_are_cut_at_slashes_only(uri: str, name: str) -> None:
    assert base_name(uri) == name


@pytest.mark.parametrize(("uri", "output", "path", "problem"), [
    ("http://h", None, "value", "Malformed URI (missing path): http://h"),
    ("http://h/", None, "value", "Malformed URI (missing path): http://h/"),
    ("http://h/it's", None, "value", "Illegal characters in URI"),
    ("http://h/a\\b", "x", "value", "Illegal characters in URI"),
    ("http://h/a/", None, "value", "names no file: http://h/a/"),
    ("/..", None, "value", "names no file: /.."),
    ("a/b", None, "value", HOME),
    ("file://a/b", None, "value", "File URI only supports absolute paths"),
    ("hdfs://n/p/f", None, "value", "'hdfs' cannot be fetched: only file, http and https can"),
    ("http://[::1/x", None, "value", "is no URL: Invalid IPv6 URL"),
    ("http:///x", None, "value", "is no URL: it names no host"),
    ("http://h:99999/x", None, "value", "is no URL: Port out of range 0-65535"),
    ("http://a b/x", None, "value", "is no URL: no host is called 'a b'"),
    ("ftp://h/f", None, "value", "'ftp' cannot be fetched: only file, http and https can"),
    ("/f", "", "output_file", "URI output file path is empty"),
    ("/f", "/etc/f", "output_file", "URI output file must be within the sandbox directory"),
    ("/f", "a/../../f", "output_file", "URI output file must be within the sandbox directory"),
    ("/f", "a/", "output_file", "URI output file must be within the sandbox directory"),
])
def test_what_cannot_be_fetched(uri: str, output: str | None, path: str, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_uri(uri, output)
    assert (caught.value.path, caught.value.problem) == (path, problem)


@pytest.mark.parametrize(("uri", "path"), [
    ("/a", "/a"), ("file:///a", "/a"), ("file://localhost/a", "/a"), (" /a", "/a"), ("http://h/a", None)])
def test_local_paths(uri: str, path: str | None) -> None:
    assert local_path(uri) == path
    check_uri(uri, "x")


@pytest.mark.parametrize(("uri", "address", "login"), [
    ("http://h/ü x?a=ü%20&b='#f", "http://h/%C3%BC%20x?a=%C3%BC%20&b='#f", None),
    ("HTTP://j%C3%B6:p%40ss%3Aw@h:80", "http://h:80", "jö:p@ss:w"), ("http://u:p@@h/x", "http://h/x", "u:p@"),
    (" http://[::1]:80/x@y", "http://[::1]:80/x@y", None), ("http://u@h/a\tb", "http://h/a%09b", "u:"),
    ("http://ü.de?q", "http://ü.de?q", None)])
def test_addresses_in_the_web(uri: str, address: str, login: str | None) -> None:
    assert web_address(uri) == (address, login)


@pytest.mark.parametrize(("name", "unpacked"), [
    ("a.tar", True), ("a.tgz", True), ("a.tar.gz", True), ("a.tbz2", True), ("a.tar.bz2", True), ("a.txz", True),
    ("a.tar.xz", True), ("a.zip", True), ("a.gz", True), ("a.tar?x=1", False), ("a.jar", False), ("a.TGZ", False)])
def test_what_is_unpacked(name: str, unpacked: bool) -> None:
    assert unpacks(name) is unpacked


@given(st.text(), st.none() | st.text(st.sampled_from("ab./")))
def test_no_name_leads_out_of_the_sandbox(uri: str, output: str | None) -> None:
    try:
        name = target_name(uri, output)
    except SpecError:
        return
    assert name
    assert not name.startswith("/")
    assert ".." not in name.split("/")
