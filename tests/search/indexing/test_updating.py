"""The index follows the reports: what is new, changed and gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from search.conditions import TermKind
from search.indexing.updating import Updated
from tests.search.collection import write_collection
from tests.search.outputs import Output, label, name


@pytest.fixture
def output(tmp_path: Path) -> Output:
    return Output(tmp_path)


def changes(updated: Updated) -> tuple[int, int, int]:
    """How many files there are, were put in, were taken out."""
    return updated.files, updated.put, updated.removed


def test_nothing_is_read_twice(output: Output) -> None:
    write_collection(output)
    assert changes(output.index()) == (16, 16, 0)
    assert changes(output.index()) == (16, 0, 0)


def test_a_changed_report_replaces_what_was_known(output: Output) -> None:
    output.photo("a.jpg", label("dog"), taken="2008-01-01T00:00:00")
    output.photo("b.jpg", label("dog"))
    output.index()
    output.photo("a.jpg", label("cat"), name("Anna"), taken="2009-01-01T00:00:00")
    assert changes(output.index()) == (2, 1, 0)
    assert output.find("dog") == ["b.jpg"]
    assert output.find("cat name:anna taken:2009") == ["a.jpg"]
    assert output.find("taken:2008") == []
    assert output.find("path:a") == ["a.jpg"]


def test_a_report_that_is_gone_takes_its_file_out(output: Output) -> None:
    output.photo("x/a.jpg", label("dog"), camera="Leica")
    output.photo("y/b.jpg", label("dog"), label("only here"))
    output.index()
    (output.folder / "x" / "a.jpg.json").unlink()
    (output.folder / "y" / "b.jpg.json").rename(output.folder / "y" / "b.jpg.json.old")
    assert changes(output.index()) == (0, 0, 2)
    assert output.find("") == output.find("dog") == output.find("path:jpg") == []
    assert "only here" not in output.notes("label:nothing")
    assert output.notes("camera:leica"), "nor is its camera known any more"


def test_a_renamed_folder_is_followed(output: Output) -> None:
    output.photo("before/a.jpg", label("dog"))
    output.index()
    (output.folder / "before").rename(output.folder / "after")
    output.photo("after/a.jpg", label("dog"))
    assert changes(output.index()) == (1, 1, 1)
    assert output.find("dog") == ["after/a.jpg"]
    assert output.find("path:before") == []


def test_a_second_report_of_an_input_is_added_and_taken_away(output: Output) -> None:
    output.photo("a.jpg", label("dog"))
    output.index()
    second = output.report(
        "a.jpg", [{"frame": 0, "more": [box(name("Anna"))]}], report="-more.json", type="photo"
    )
    assert changes(output.index()) == (1, 1, 0)
    assert output.find("name:anna label:dog") == ["a.jpg"]
    assert changes(output.index()) == (1, 0, 0)
    second.unlink()
    output.index()
    assert output.find("name:anna") == []
    assert output.find("label:dog") == ["a.jpg"]


def test_annotated_copies_that_come_and_go_are_noticed(output: Output) -> None:
    output.photo("a.jpg")
    output.photo("a.jpgx")
    copy = output.folder / "a.jpgx-annotated.jpg"
    copy.write_bytes(b"")
    output.index()
    assert output.find("is:annotated") == ["a.jpgx"]
    copy.unlink()
    assert changes(output.index()) == (2, 1, 0)
    assert output.find("is:annotated") == []


def test_other_programs_files_are_passed_over(output: Output, caplog: pytest.LogCaptureFixture) -> None:
    output.photo("a.jpg")
    (output.folder / "b.jpg.json").write_text('{"title": "a photo service\'s own"}')
    (output.folder / "c.json").write_bytes(b"\xff\x00")
    (output.folder / "d.json").mkdir()
    (output.folder / "e.json").symlink_to(output.folder / "a.jpg.json")
    os.mkfifo(output.folder / "f.json")
    assert changes(output.index()) == (1, 1, 0)
    assert not caplog.records


def test_a_damaged_report_is_named_and_left_out(output: Output, caplog: pytest.LogCaptureFixture) -> None:
    whole = output.photo("good.jpg", label("dog"))
    cut = output.folder / "cut.jpg.json"
    cut.write_bytes(whole.read_bytes()[:-20])
    updated = output.index()
    assert (updated.files, updated.damaged) == (1, 1)
    assert f"{cut}: the report is damaged" in caplog.text


def test_a_name_that_had_to_be_cut_is_known_whole(output: Output) -> None:
    long_name = "x" * 251 + ".jpg"
    report = output.photo("a.jpg", label("dog"))
    text = report.read_text().replace("/photos/a.jpg", f"/photos/{long_name}")
    report.unlink()
    (output.folder / ("x" * 200 + "~0123456789abcdef.json")).write_text(text)
    output.index()
    assert output.find("dog") == [long_name]
    assert changes(output.index()) == (1, 0, 0)


def test_a_folder_that_cannot_be_listed_keeps_its_files(
    output: Output, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    output.photo("open/a.jpg")
    output.photo("closed/b.jpg")
    output.photo("closed/deep/c.jpg")
    output.index()
    scandir = os.scandir

    def refusing(path: bytes):
        if path.endswith(b"closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("search.indexing.outputfolder.os.scandir", refusing)
    assert changes(output.index()) == (3, 0, 0)
    assert "closed: the folder cannot be listed" in caplog.text


def box(one: dict[str, object]) -> dict[str, object]:
    return {"rect": [0, 0, 9, 9], "labels": [one]}


def test_keywords_follow_their_report(tmp_path: Path) -> None:
    output = Output(tmp_path)
    for keywords in (["Places|Rome", "Summer"], ["Places|Bern"], []):
        output.report("a.jpg", [{"frame": 0}], type="photo", keywords=keywords)
        output.index()
        wanted = {level for keyword in keywords for level in keyword.split("|")}
        with output.open() as index:
            document = index.document(b"a.jpg")
            assert document is not None
            assert {one.text for one in document.sightings if one.kind is TermKind.TAG} == wanted
            assert {term.text for term in index.vocabulary().terms} == wanted
        for level in ("Rome", "Bern", "Summer"):
            assert len(output.find(f"tag:{level}")) == (level in wanted)


def test_titles_and_ratings_follow_their_report(tmp_path: Path) -> None:
    output = Output(tmp_path)
    for title, rating in (("At the lake", 4), ("In the snow", -1), ("", 0), ("At the lake", 5)):
        output.report("a.jpg", [{"frame": 0}], type="photo", title=title, rating=rating)
        output.index()
        with output.open() as index:
            document = index.document(b"a.jpg")
            assert document is not None
            assert (document.title, document.rating) == (title, rating)
            index.check()
        assert [len(output.find(f"title:{word}")) for word in ("lake", "snow")] == [
            "lake" in title,
            "snow" in title,
        ]
        assert len(output.find(f"rating={rating}")) == 1
        assert len(output.find("path:a")) == 1
    (tmp_path / "a.jpg.json").unlink()
    output.index()
    assert output.find("lake") == []
