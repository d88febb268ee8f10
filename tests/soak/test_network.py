"""Each fault of the network does what its name says, in a namespace that is gone afterwards."""
from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.soak.network import Fault

SCENE = """
import socket, sys
from tests.soak.network import Fault, lasting

def tried(what):
    try:
        return what()
    except OSError as error:
        return type(error).__name__

server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
client, there = socket.create_connection(("127.0.0.1", port)), server.accept()[0]
with lasting(Fault[sys.argv[1]], port):
    client.settimeout(1)
    print("sent", tried(lambda: client.send(b"x")))
    print("read", tried(lambda: client.recv(1)))
    print("new", tried(lambda: socket.create_connection(("127.0.0.1", port), 1) and "made"))
    there.settimeout(0.2)
    print("there", tried(lambda: there.recv(1)))
there.settimeout(30)
print("later", tried(lambda: there.recv(1)))
print("at last", socket.create_connection(("127.0.0.1", port), 30) and "made")
"""


BROKEN = "(ConnectionAbortedError|ConnectionResetError|BrokenPipeError)"  # by which end was the first


@pytest.mark.parametrize(("fault", "expected"), [
    (Fault.RESET, [f"sent {BROKEN}", "new made"]),
    (Fault.REFUSED, ["read ConnectionResetError", "new ConnectionRefusedError"]),
    (Fault.SILENT, ["sent 1", "read TimeoutError", "new TimeoutError", "there TimeoutError", "later b'x'"])])
def test_a_fault(fault: Fault, expected: list[str]) -> None:
    done = subprocess.run(["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, "-c",
                           SCENE, fault.name], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    for each in (*expected, "at last made"):
        assert re.search(f"^{each}$", done.stdout, re.MULTILINE), done.stdout
