"""Copies and links of what a query finds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from search.backend import Page
from search.collecting import Collected, collect
from search.question import understand
from tests.search.outputs import Output, label

BAD_NAME = os.fsdecode(b"x/caf\xe9.jpg")


@pytest.fixture
def output(tmp_path: Path) -> Output:
    """An OUTPUT of three photos of which two are still there."""
    output = Output(tmp_path / "out")
    for relative in ("x/a.jpg", BAD_NAME, "gone.jpg"):
        output.report(
            relative,
            [{"frame": 0, "objects": [{"rect": [0, 0, 9, 9], "labels": [label("dog")]}]}],
            root=str(tmp_path / "in"),
            type="photo",
        )
    (tmp_path / "in" / "x").mkdir(parents=True)
    (tmp_path / "in" / "x" / "a.jpg").write_bytes(b"photo a")
    Path(f"{tmp_path}/in/{BAD_NAME}").write_bytes(b"photo b")
    os.utime(tmp_path / "in" / "x" / "a.jpg", ns=(5, 1_234_567_890_123_456_789))
    output.index()
    return output


def collected(output: Output, target: Path, *, as_links: bool = False) -> tuple[Collected, list[str]]:
    failures: list[str] = []
    with output.open() as index:
        hits = index.search(understand("dog", index).condition, Page(100)).hits
    return collect(hits, target, as_links=as_links, on_failure=failures.append), failures


def test_copies_lie_in_their_folders_with_their_times(output: Output, tmp_path: Path) -> None:
    done, failures = collected(output, tmp_path / "print" / "these")
    assert done == Collected(made=2, failed=1)
    assert failures == [f"{tmp_path}/in/gone.jpg: cannot be read (No such file or directory)"]
    copy = tmp_path / "print" / "these" / "x" / "a.jpg"
    assert copy.read_bytes() == b"photo a"
    assert copy.stat().st_mtime_ns == 1_234_567_890_123_456_789
    assert Path(f"{tmp_path}/print/these/{BAD_NAME}").read_bytes() == b"photo b"
    assert collected(output, tmp_path / "print" / "these")[0] == Collected(there=2, failed=1)
    assert not list((tmp_path / "print").rglob("*.part"))


def test_links_lead_to_the_photos(output: Output, tmp_path: Path) -> None:
    assert collected(output, tmp_path / "links", as_links=True)[0] == Collected(made=2, failed=1)
    assert os.readlink(tmp_path / "links" / "x" / "a.jpg") == f"{tmp_path}/in/x/a.jpg"
    assert collected(output, tmp_path / "links", as_links=True)[0] == Collected(there=2, failed=1)


@pytest.mark.parametrize("as_links", [False, True])
def test_nothing_is_replaced(output: Output, tmp_path: Path, as_links: bool) -> None:
    own = tmp_path / "print" / "x" / "a.jpg"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"the user's own")
    done, failures = collected(output, tmp_path / "print", as_links=as_links)
    assert done == Collected(made=1, failed=2)
    assert f"{own}: another file stands there and is not replaced" in failures
    assert own.read_bytes() == b"the user's own"


@pytest.mark.parametrize("target", ["in", "in/picked", "link/picked"])
def test_a_folder_inside_input_is_refused(output: Output, tmp_path: Path, target: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "in")
    with pytest.raises(UsageError, match="lies inside INPUT"):
        collected(output, tmp_path / target)
    assert not list((tmp_path / "in").rglob("a.jpg*"))[1:]
