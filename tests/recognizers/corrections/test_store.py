from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.errors import ModelError, UsageError
from recognizers.corrections.entry import Action
from recognizers.corrections.store import CorrectionStore, FacePicture, store_beside
from recognizers.faces.facekey import FaceKey

HASH = "ab" * 32


def face(number: int = 0, png: bytes | None = None) -> FacePicture:
    return FacePicture(FaceKey(HASH, 0, (number, 0, number + 50, 50)), 1000, "/photos/a.jpg", png)


@pytest.fixture
def store(tmp_path: Path) -> CorrectionStore:
    return CorrectionStore(store_beside(str(tmp_path / "familymodel")))


def test_the_store_lies_beside_the_model(tmp_path, store):
    assert store.folder == tmp_path / "familymodel-corrections"
    assert store_beside(f"{tmp_path}/familymodel/") == store.folder
    assert store.entries() == []
    assert not store.folder.exists()


def test_corrections_are_read_as_they_were_made(store):
    store.name([face(1, b"a picture"), face(2)], "Zoë")
    store.not_name([face(3)], "bob")
    store.not_a_face([face(4)])
    store.merge([7, 3, 7])
    entries = CorrectionStore(store.folder).entries()
    assert [(entry.id, entry.do, entry.name, entry.groups) for entry in entries] == [
        (1, Action.NAME, "Zoë", ()),
        (2, Action.NOT_NAME, "bob", ()),
        (3, Action.NOT_A_FACE, None, ()),
        (4, Action.MERGE, None, (3, 7)),
    ]
    assert [one.key for one in entries[0].faces] == [face(1).key, face(2).key]
    kept = store.picture_of(entries[0].faces[0])
    assert kept is not None
    assert kept.read_bytes() == b"a picture"
    assert store.picture_of(entries[0].faces[1]) is None


def test_an_undone_correction_stays_in_the_log_and_does_not_hold(store):
    store.name([face()], "ann")
    store.name([face()], "bob")
    assert store.undo().name == "bob"
    assert [entry.name for entry in store.active()] == ["ann"]
    assert store.undo(1).name == "ann"
    assert store.active() == []
    assert [entry.do for entry in store.entries()] == ["name", "name", "undo", "undo"]
    with pytest.raises(UsageError, match="there is no correction that could be undone"):
        store.undo()
    with pytest.raises(UsageError, match="there is no correction 9"):
        store.undo(9)


def test_corrections_of_many_writers_are_all_kept(store):
    def write(number: int) -> None:
        CorrectionStore(store.folder).name([face(number)], f"person {number}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(40)))
    entries = store.entries()
    assert [entry.id for entry in entries] == list(range(1, 41))
    assert {entry.name for entry in entries} == {f"person {number}" for number in range(40)}


def test_a_log_without_its_last_line_break_is_continued(store):
    store.name([face()], "ann")
    store.log_path.write_bytes(store.log_path.read_bytes().rstrip(b"\n"))
    store.name([face()], "bob")
    assert [entry.name for entry in store.entries()] == ["ann", "bob"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"do": "rename"}, "do: "),
        ({"name": None}, "does not go with"),
        ({"id": 0}, "id: "),
        ({"more": 1}, "more: "),
        ({"faces": [{"sha256": "x", "bytes": 1, "box": [0, 0, 1, 1]}]}, "sha256"),
        ({"faces": [{"sha256": HASH, "bytes": 1, "box": [0, 0, 1, 1], "picture": "../x.png"}]}, "picture"),
    ],
)
def test_an_edited_line_is_named(store, change, message):
    store.name([face()], "ann")
    line = json.loads(store.log_path.read_text()) | {"id": 2} | change
    store.log_path.write_text(store.log_path.read_text() + json.dumps(line) + "\n")
    with pytest.raises(ModelError, match=f"corrections.jsonl:2: is no correction .*{message}"):
        store.entries()
    before = store.log_path.read_bytes()
    with pytest.raises(ModelError):
        store.name([face()], "bob")
    assert store.log_path.read_bytes() == before


def test_numbers_that_do_not_grow_are_refused(store):
    store.name([face()], "ann")
    store.log_path.write_bytes(store.log_path.read_bytes() * 2)
    with pytest.raises(ModelError, match=":2: id 1 does not follow 1"):
        store.entries()


@pytest.mark.parametrize("name", ["", "x" * 201, "a\udcff"])
def test_names_that_no_report_can_hold_are_refused(store, name):
    with pytest.raises(UsageError, match="no correction can be made of this"):
        store.name([face(png=b"a picture")], name)
    assert store.entries() == []
    assert list(store.folder.iterdir()) == []
