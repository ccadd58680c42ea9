"""A nightly run sees that a sidecar has changed, and brings what it says into the outputs of its photo."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline.miner import mine
from pipeline.runs.selection import Reason
from search.indexing.afterrun import IndexAfterRun
from tests.house import House
from tests.running import component, pipeline_file

FACES = component("faces", "simpledetector", model="haarcascade_frontalface_default.xml")
REPORT = component("report", "jsonreportwriter", "faces")
COPY = component("copy", "photowriter", "faces")
SIDECAR = """\
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:subject><rdf:Bag><rdf:li>%s</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta>
"""
NAMES = ("a.jpg.xmp", "a.xmp", "a.XMP", "a.jpg.XMP")


@pytest.fixture
def house(house: House) -> House:
    """Photos with names alike in a folder, all mined."""
    for name in ("2016/a.jpg", "2016/a-b.jpg", "2016/ab.jpg", "b.jpg"):
        house.photo(name)
    assert house.counts() == {"mined": 4}
    return house


def tag(house: House, name: str, keyword: str) -> Path:
    path = house.input / "2016" / name
    path.write_text(SIDECAR % keyword)
    return path


def keywords(house: House, photo: str = "2016/a.jpg") -> list[str]:
    return json.loads(house.outputs()[f"{photo}.json"]).get("keywords", [])


@pytest.mark.parametrize("name", NAMES)
def test_tags_arrive_with_the_next_run(house, name):
    tag(house, name, "holiday")
    assert house.planned() == [("2016/a.jpg", Reason.SIDECAR)]
    assert house.counts() == {"mined": 1, "ignored": 1, "unchanged": 3}
    assert keywords(house) == ["holiday"]
    assert house.counts() == {"ignored": 1, "unchanged": 4}
    tag(house, name, "beach at night")
    assert house.night().ran == {}
    assert keywords(house) == ["beach at night"]


def test_the_copy_of_the_photo_is_left_as_it_is(house):
    before = house.snapshot()
    tag(house, "a.jpg.xmp", "holiday")
    house.night()
    changed = {path for path, state in house.snapshot().items() if before.get(path) != state}
    assert {Path(path).name for path in changed if "/.deepvisualminer" not in path} == {"a.jpg.json"}


def test_one_sidecar_of_several_files(house):
    shutil.copy(house.input / "b.jpg", house.input / "2016" / "a.png")
    house.night()
    tag(house, "a.xmp", "both")
    assert house.night().mined == 2
    assert keywords(house) == keywords(house, "2016/a.png") == ["both"]


def test_a_photo_that_is_new_with_its_sidecar_is_mined_once(house):
    house.photo("2016/new.jpg", 16)
    tag(house, "new.jpg.xmp", "fresh")
    assert house.counts() == {"mined": 1, "ignored": 1, "unchanged": 4}
    assert keywords(house, "2016/new.jpg") == ["fresh"]
    assert house.counts() == {"ignored": 1, "unchanged": 5}


def test_a_sidecar_that_says_nothing_new_changes_nothing(house):
    path = tag(house, "a.jpg.xmp", "holiday")
    house.night()
    before = house.outputs()
    path.write_text(path.read_text())
    assert house.counts() == {"ignored": 1, "unchanged": 4}
    assert house.outputs() == before


def test_sidecars_of_nothing_are_ignored(house):
    tag(house, "lost.jpg.xmp", "x")
    (house.input / "2016" / "b.jpg.xmp").mkdir()
    assert house.counts() == {"ignored": 1, "unchanged": 4}


def test_without_a_writer_that_reads_sidecars_nothing_is_mined(house):
    pipeline_file(house.pipeline, FACES, COPY)
    house.night()
    tag(house, "a.jpg.xmp", "holiday")
    assert house.counts() == {"ignored": 1, "unchanged": 4}


def test_a_killed_run_does_not_lose_the_change(house, monkeypatch):
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    tag(house, "a.jpg.xmp", "holiday")
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.runs.bookkeeping.Bookkeeping.note", kill)
        with pytest.raises(Killed):
            house.night()
    house.night()
    assert keywords(house) == ["holiday"]


def test_sidecars_that_the_program_writes_beside_photos_settle_in_the_second_night(house):
    sidecars = component("sidecars", "xmpwriter", "faces", where="beside", min_confidence=0)
    pipeline_file(house.pipeline, FACES, REPORT, COPY, sidecars)
    house.night()
    before = house.outputs()
    house.night()
    assert house.night().mined == 0
    assert house.outputs() == before


def test_the_index_finds_the_new_tag(house):
    index = IndexAfterRun(str(house.input), str(house.output), alone=True)
    tag(house, "a.jpg.xmp", "holiday")
    index.finish(mine(house.options(), index.note))
    from search.place import index_path

    assert b"holiday" in index_path(house.output).read_bytes()


def test_an_update_of_the_program_mines_nothing_for_unchanged_sidecars(house, monkeypatch):
    tag(house, "a.jpg.xmp", "holiday")
    house.night()
    monkeypatch.setattr("pipeline.runs.options.__version__", "99.9")
    assert house.planned() == []
    assert house.counts() == {"ignored": 1, "unchanged": 4}


def test_photos_that_are_renamed_with_their_sidecars_are_counted_once(house, monkeypatch):
    monkeypatch.setattr("pipeline.files.batch.MOST_GROUPS", 1)
    tag(house, "a.jpg.xmp", "holiday")
    house.night()
    (house.input / "2016").rename(house.input / "2017")
    assert house.counts() == {"renamed": 3, "ignored": 1, "unchanged": 1}
    assert keywords(house, "2017/a.jpg") == ["holiday"]


def test_a_sidecar_that_changes_together_with_the_name_is_read_by_the_second_run(house):
    tag(house, "a.jpg.xmp", "holiday")
    house.night()
    (house.input / "2016").rename(house.input / "2017")
    (house.input / "2017/a.jpg.xmp").write_text(SIDECAR % "beach")
    assert house.counts() == {"renamed": 3, "ignored": 1, "unchanged": 1}
    assert house.counts() == {"mined": 1, "ignored": 1, "unchanged": 3}
    assert keywords(house, "2017/a.jpg") == ["beach"]
    assert house.planned() == []
