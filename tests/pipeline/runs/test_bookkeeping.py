"""What a run does with each input, on real files, outputs and a real ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotators.mark import MARK
from annotators.photowriter import PhotoWriter
from pipeline.config.values import PipelineConfig
from pipeline.files.hashing import sha256_of
from pipeline.files.walk import Skipped, WalkedFile
from pipeline.kept.store import Store
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.record import Context
from pipeline.outcome import Outcome, Status
from pipeline.runs.bookkeeping import Bookkeeping
from pipeline.runs.refill import Refill
from pipeline.runs.selection import Selection
from pipeline.source import Source, Stamp
from tests.running import parts_in

JPEG_MAGIC = b"\xff\xd8\xff"


class Place:
    """An INPUT, an OUTPUT with a ledger, and the books of one run."""

    def __init__(self, folder: Path) -> None:
        self.input, self.output = folder / "in", folder / "out"
        self.input.mkdir()
        self.output.mkdir()
        self.ledger = Ledger(self.output)
        context = Context(str(self.input), "pipeline", "limits")
        self.selection = Selection(self.ledger, self.output, context, reuse_outputs=True)
        self.store = Store(self.output)
        refill = Refill(PipelineConfig((), "pipeline"), self.output, self.ledger, self.store)
        self.books = Bookkeeping(self.ledger, self.output, context, [PhotoWriter], self.store, refill)

    def put(self, name: str, content: bytes) -> None:
        (self.input / name).write_bytes(JPEG_MAGIC + content)
        os.utime(self.input / name, (1_500_000_000, 1_500_000_000))

    def triage(self, name: str) -> list[Outcome | Source]:
        path = self.input / name
        found = WalkedFile(str(path), name, Stamp.of(os.stat(path)))
        return list(self.books.triage(self.selection.decide(found)))

    def mine(self, name: str) -> None:
        """As a worker would, with a copy as its only output."""
        (source,) = self.triage(name)
        assert isinstance(source, Source)
        self.write_copy(name)
        path = self.input / name
        outputs = (f"{name}-annotated.jpg",)
        self.books.note(Outcome(str(path), Status.MINED, sha256=sha256_of(path), outputs=outputs))

    def write_copy(self, name: str) -> None:
        content = MARK.encode() + (self.input / name).read_bytes()
        (self.output / f"{name}-annotated.jpg").write_bytes(content)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    with place.ledger:
        yield place


def statuses(results: list[Outcome | Source]) -> list[Status | None]:
    return [result.status if isinstance(result, Outcome) else None for result in results]


def test_an_input_is_mined_once(place: Place) -> None:
    place.put("a.jpg", b"one")
    place.mine("a.jpg")
    assert statuses(place.triage("a.jpg")) == [Status.UNCHANGED]
    place.put("a.jpg", b"another")
    (source,) = place.triage("a.jpg")
    assert isinstance(source, Source)
    assert source.earlier_outputs == {"a.jpg-annotated.jpg"}


def test_renamed_inputs_are_kept_back_and_come_together(place: Place) -> None:
    for name in ("a.jpg", "b.jpg"):
        place.put(name, name.encode())
        place.mine(name)
        (place.input / name).rename(place.input / f"new-{name}")
    assert place.triage("new-a.jpg") == place.triage("new-b.jpg") == []
    assert len(parts_in(place.output)) == 2
    assert place.ledger.look_up("new-a.jpg") is None
    assert statuses(list(place.books.finish())) == [Status.RENAMED] * 2
    for name in ("a.jpg", "b.jpg"):
        copy = place.output / f"{name}-annotated.jpg"
        assert (place.output / f"new-{name}-annotated.jpg").read_bytes() == copy.read_bytes()
        record = place.ledger.look_up(f"new-{name}")
        assert record is not None
        assert (record.status, record.outputs) == (Status.MINED, (f"new-{name}-annotated.jpg",))
    assert list(place.books.finish()) == []


def test_two_inputs_that_swapped_their_names(place: Place) -> None:
    for name in ("a.jpg", "b.jpg"):
        place.put(name, name.encode())
        place.mine(name)
    before = {name: (place.output / f"{name}-annotated.jpg").read_bytes() for name in ("a.jpg", "b.jpg")}
    (place.input / "a.jpg").rename(place.input / "c")
    (place.input / "b.jpg").rename(place.input / "a.jpg")
    (place.input / "c").rename(place.input / "b.jpg")
    assert place.triage("a.jpg") == place.triage("b.jpg") == []
    assert statuses(list(place.books.finish())) == [Status.RENAMED] * 2
    assert (place.output / "a.jpg-annotated.jpg").read_bytes() == before["b.jpg"]
    assert (place.output / "b.jpg-annotated.jpg").read_bytes() == before["a.jpg"]


def test_outputs_that_a_worker_may_be_replacing_are_not_reused(place: Place) -> None:
    """A photo was renamed, and an edited one took its name: both are mined."""
    place.put("a.jpg", b"one")
    place.mine("a.jpg")
    (place.input / "a.jpg").rename(place.input / "a-original.jpg")
    place.put("a.jpg", b"edited")
    (edited,) = place.triage("a.jpg")
    assert isinstance(edited, Source)
    place.write_copy("a.jpg")  # by the worker, whose outcome is not here yet
    (original,) = place.triage("a-original.jpg")
    assert isinstance(original, Source)
    assert list(place.books.finish()) == []


def test_an_input_that_changes_while_its_outputs_wait_is_mined(place: Place) -> None:
    place.put("a.jpg", b"one")
    place.mine("a.jpg")
    (place.input / "a.jpg").rename(place.input / "b.jpg")
    assert place.triage("b.jpg") == []
    place.put("b.jpg", b"another")
    (source,) = place.books.finish()
    assert isinstance(source, Source)
    place.write_copy("b.jpg")
    outputs = ("b.jpg-annotated.jpg",)
    place.books.note(Outcome(source.path, Status.MINED, sha256="ab" * 32, outputs=outputs))
    record = place.ledger.look_up("b.jpg")
    assert record is not None
    assert record.sha256 == "ab" * 32


def test_what_waits_can_be_dropped(place: Place) -> None:
    place.put("a.jpg", b"one")
    place.mine("a.jpg")
    (place.input / "a.jpg").rename(place.input / "b.jpg")
    assert place.triage("b.jpg") == []
    place.books.discard()
    assert list(place.books.finish()) == []
    assert parts_in(place.output) == []


def test_an_ignored_file_is_recorded_and_a_link_is_not(
    place: Place,
) -> None:
    link = Skipped(str(place.input / "link"), "link", None, "a link to a folder", False)
    assert statuses(list(place.books.triage(place.selection.decide(link)))) == [Status.IGNORED]
    assert place.ledger.is_empty
    place.put("notes.txt", b"")
    (place.input / "notes.txt").write_text("words")
    assert statuses(place.triage("notes.txt")) == [Status.IGNORED]
    record = place.ledger.look_up("notes.txt")
    assert record is not None
    assert (record.format, record.sentence) == (None, "neither a photo nor a video by its content")
