"""Paths in values follow the folders of the machine that reads the value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.roots import Roots, pack, unpack
from pipeline.outcome import Outcome, Status
from pipeline.source import Source, SourceKind, Stamp
from pipeline.tasks import MinePhoto

HERE = Roots.of("/mnt/photos", "/mnt/photos/mined", "/home/anna/")
THERE = Roots.of("/data/in", "/data/out", "/opt/pipelines")


def moved(value: object, here: Roots = HERE, there: Roots = THERE) -> object:
    return unpack(pack(value, here), there)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/mnt/photos", "/data/in"),
        ("/mnt/photos/2016/a.jpg", "/data/in/2016/a.jpg"),
        ("/mnt/photos/mined/a.jpg.json", "/data/out/a.jpg.json"),
        ("/home/anna/faces.model", "/opt/pipelines/faces.model"),
        ("/mnt/photosynthesis/a.jpg", "/mnt/photosynthesis/a.jpg"),
        ("/etc/passwd", "/etc/passwd"),
        ("2016/a.jpg", "2016/a.jpg"),
        ("", ""),
        (os.fsdecode(b"/mnt/photos/\xff.jpg"), os.fsdecode(b"/data/in/\xff.jpg")),
    ],
)
def test_text_and_paths(path: str, expected: str) -> None:
    assert moved(path) == expected
    assert moved([{"key": (path, Path(path))}]) == [{"key": (expected, Path(expected))}]
    assert isinstance(moved(Path(path)), Path)


def test_there_and_back_nothing_changes() -> None:
    source = Source("/mnt/photos/a.jpg", "a.jpg", SourceKind.PHOTO, "jpeg", Stamp(3, 4))
    there = moved(MinePhoto(source))
    assert there.source.path == "/data/in/a.jpg"
    assert there.source.relative == "a.jpg"
    result = Outcome(there.source.path, Status.MINED, outputs=("a.jpg.json",))
    assert moved(result, THERE, HERE) == Outcome("/mnt/photos/a.jpg", Status.MINED, outputs=("a.jpg.json",))
    assert unpack(pack(MinePhoto(source), HERE), HERE) == MinePhoto(source)


@pytest.mark.parametrize("input_root", ["/", "/mnt/photos"])
def test_input_that_is_the_root_of_the_file_system(input_root: str) -> None:
    here = Roots.of(input_root, "/mined", "/p")
    path = f"{input_root.rstrip('/')}/x/a.jpg"
    assert moved(path, here) == "/data/in/x/a.jpg"
    assert moved("", here) == ""
    assert moved("/data/in/x/a.jpg", THERE, here) == path


@dataclass(frozen=True)
class Later:
    """A value that has got another field in a later version of the program."""

    known: bytes
    where: Path


def test_values_may_hold_anything() -> None:
    value = Later(b"/mnt/photos is no text", Path("/mnt/photos/a"))
    assert moved(value) == Later(b"/mnt/photos is no text", Path("/data/in/a"))
