"""Makes specs/generated/*.py from specs/proto/*.proto: `python -m deploy.protoc`. With --check it
only says whether they are current.

What is made are tables of fields, a line each, which specs/forms/wireschema.py reads: nobody but a
developer who changes a message needs protoc, or protobuf.
"""
from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import (
        DescriptorProto,
        EnumDescriptorProto,
        FieldDescriptorProto,
        FileDescriptorSet,
    )

HERE = Path(__file__).resolve().parent.parent
_LABELS: Final = {1: "optional", 2: "required", 3: "repeated"}  # as protobuf: descriptor.proto, `Label`
_TYPES: Final = {1: "double", 3: "int64", 4: "uint64", 5: "int32", 8: "bool", 9: "string", 12: "bytes",
                 13: "uint32"}  # `Type`; Mesos's messages have no others but messages and enums
_NAMED: Final = (11, 14)  # a message, an enum


def generate(root: Path, target: Path) -> None:
    """Write the tables of root/specs/proto to target/specs/generated; raises RuntimeError if protoc
    refuses a file, or one says what the tables have no word for.
    """
    folder = target / "specs" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    for file in described(root / "specs" / "proto").file:
        messages = dict(_messages(file.package, file.message_type))
        enums = {**_enums(file.package, file.enum_type),
                 **{name: lines for prefix, message in messages.items()
                    for name, lines in _enums(prefix, message.enum_type).items()}}
        tables = {name: list(_fields(message)) for name, message in messages.items()
                  if not message.options.map_entry}
        (folder / file.name).with_suffix(".py").write_text("\n".join([
            f'"""Made by deploy/protoc.py from specs/proto/{file.name}: do not edit."""', "",
            *_table("MESSAGES", tables), "", *_table("ENUMS", enums), ""]), encoding="utf-8")


def described(sources: Path) -> FileDescriptorSet:
    """What protoc says of the files in a folder, each after those that it imports. Raises RuntimeError."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from grpc_tools import protoc

    with tempfile.NamedTemporaryFile() as made:
        status = protoc.main(["protoc", f"-I{sources}", f"--descriptor_set_out={made.name}",
                              *(path.name for path in sorted(sources.glob("*.proto")))])
        if status != 0:
            raise RuntimeError(f"protoc ended with status {status}")  # what it complains of is on stderr
        return FileDescriptorSet.FromString(Path(made.name).read_bytes())


def outdated(root: Path) -> list[str]:
    """The generated modules that are not what the .proto files say today, missing and needless ones
    too.
    """
    with tempfile.TemporaryDirectory() as folder:
        generate(root, Path(folder))
        current, committed = (
            {path.name: path.read_bytes() for path in Path(each, "specs", "generated").glob("*.py")
             if path.name != "__init__.py"} for each in (folder, root))
    return sorted(name for name in committed.keys() | current.keys()
                  if committed.get(name) != current.get(name))


def _messages(prefix: str, messages: Iterable[DescriptorProto]) -> Iterator[tuple[str, DescriptorProto]]:
    """All of them by full name, those within others after those."""
    for message in messages:
        name = f"{prefix}.{message.name}"
        yield name, message
        yield from _messages(name, message.nested_type)


def _enums(prefix: str, enums: Iterable[EnumDescriptorProto]) -> dict[str, list[str]]:
    return {f"{prefix}.{enum.name}": [f"{value.name} {value.number}" for value in enum.value] for enum in enums}


def _fields(message: DescriptorProto) -> Iterator[str]:
    """`label type name number`, then what else there is to say, by number."""
    entries = {entry.name: entry for entry in message.nested_type if entry.options.map_entry}
    for field in sorted(message.field, key=lambda field: field.number):
        label, kind, rest = _LABELS[field.label], field, ""
        if (entry := entries.get(field.type_name.rpartition(".")[2])) and label == "repeated":
            key, kind = entry.field
            if _TYPES.get(key.type) != "string":
                raise RuntimeError(f"{field.name} is a map whose keys are no texts")
            label = "map"
        if field.default_value:
            rest += f" default={field.default_value}"
        if field.HasField("oneof_index"):
            rest += f" oneof={message.oneof_decl[field.oneof_index].name}"
        if field.options.packed or len(rest.split()) != rest.count("="):
            raise RuntimeError(f"{field.name} is packed, or has a default that the tables cannot say")
        yield f"{label} {_type(kind)} {field.name} {field.number}{rest}"


def _type(field: FieldDescriptorProto) -> str:
    return field.type_name.removeprefix(".") if field.type in _NAMED else _TYPES[field.type]


def _table(name: str, rows: dict[str, list[str]]) -> Iterator[str]:
    """A literal: by name, one text with a line for each field or value."""
    yield f"{name}: dict[str, str] = {{"
    for key, lines in rows.items():
        yield f'    "{key}": """'
        yield from lines
        yield '""",'
    yield "}"


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
