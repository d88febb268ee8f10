"""Makes specs/generated/*_pb2.py from specs/proto/*.proto: `python -m deploy.protoc`. With --check
it only says whether they are current.

The generated modules are committed, so that nobody but a developer who changes a message needs
protoc. The .proto files are given to protoc as specs/generated/NAME.proto: then the generated
modules import each other as members of that package. One line of them is changed: they register
their messages with specs/generated/protopool.py, which says why.
"""
from __future__ import annotations

import sys
import tempfile
from pathlib import Path

THEIRS = "from google.protobuf import descriptor_pool as _descriptor_pool"
OURS = "from specs.generated import protopool as _descriptor_pool"
HERE = Path(__file__).resolve().parent.parent


def generate(root: Path, target: Path) -> None:
    """Write the modules of root/specs/proto to target/specs/generated; raises RuntimeError if
    protoc refuses a file.
    """
    from grpc_tools import protoc

    sources = root / "specs" / "proto"
    names = [f"specs/generated/{path.name}" for path in sorted(sources.glob("*.proto"))]
    status = protoc.main(["protoc", f"-Ispecs/generated={sources}", f"--python_out={target}",
                          *names])
    if status != 0:
        raise RuntimeError(f"protoc ended with status {status}")  # what it complains of is on stderr
    for path in Path(target, "specs", "generated").glob("*_pb2.py"):
        text = path.read_text(encoding="utf-8")
        if OURS not in text and text.count(THEIRS) != 1:
            raise RuntimeError(f"{path.name} does not register its messages as we know it")
        path.write_text(text.replace(THEIRS, OURS), encoding="utf-8")


def outdated(root: Path) -> list[str]:
    """The generated modules that are not what protoc makes of the .proto files today, missing and
    needless ones too.
    """
    committed = {path.name: path.read_bytes()
                 for path in (root / "specs" / "generated").glob("*_pb2.py")}
    with tempfile.TemporaryDirectory() as folder:
        generate(root, Path(folder))
        current = {path.name: path.read_bytes()
                   for path in Path(folder, "specs", "generated").glob("*_pb2.py")}
    return sorted(name for name in committed.keys() | current.keys()
                  if committed.get(name) != current.get(name))


def main(arguments: list[str]) -> int:
    if arguments != ["--check"]:
        generate(HERE, HERE)
        return 0
    stale = outdated(HERE)
    for name in stale:
        sys.stderr.write(f"specs/generated/{name} is not current: python -m deploy.protoc\n")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
