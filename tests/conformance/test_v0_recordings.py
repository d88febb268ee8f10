"""Our executor says to a recorded agent what Mesos's own executor said to it, header by header and field by field."""
from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conformance.runner import FOLDER
from tests.conformance.v0_replay import Recording, Replay, load
from tests.images import busybox_image, variant

RECORDINGS = sorted((FOLDER / "v0").glob("*.jsonl"))


def test_the_folder_has_recordings() -> None:
    assert RECORDINGS, f"no recordings in {FOLDER}/v0"


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_as_mesos_own_executor(path: Path, tmp_path: Path) -> None:
    recording = load(path)
    make_images(recording)
    replay = Replay(recording, tmp_path)
    try:
        replay.run()
    except AssertionError as error:
        raise AssertionError(f"{error}\n{(tmp_path / 'stderr').read_text()}") from error
    finally:
        subprocess.run(["docker", "rm", "-f", "-v", recording.container], check=False, capture_output=True)
    for theirs, ours in replay.compared:
        assert ours == theirs
    assert replay.exit_status == 0
    for answer in replay.agent.answers:
        assert re.fullmatch(rb"HTTP/1.1 202 Accepted\r\nDate: [^\r]+ GMT\r\nContent-Length: 0\r\n\r\n", answer)


def make_images(recording: Recording) -> None:
    """The recorded tasks run busybox under several tags."""
    for image in recording.images:
        name, _, tag = image.partition(":")
        assert name == "busybox", image
        if tag == "static":
            busybox_image()
        else:
            variant(tag)
