"""Outputs and findings of earlier runs are not taken where a run from scratch would give something else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from detectors.deepdetector import DeepDetector
from pipeline.earlier import frame_at
from pipeline.kept.findings import NOTHING_KNOWN, FrameFindings
from pipeline.kept.storefile import STORE_NAME
from pipeline.ledger.ledgerfile import LEDGER_NAME
from tests.albums import FINDER, Album, network_in, teach
from tests.house import House
from tests.recognizers.minedcollection import draw_video
from tests.running import component, pipeline_file

SIDECAR = """\
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:subject><rdf:Bag><rdf:li>holiday</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta>
"""
EVERYONE = ("ann", "bob", "cy")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Path]:
    folder = tmp_path_factory.mktemp("models")
    network = network_in(folder)
    return {names: teach(folder, names, network) for names in (("ann", "bob"), EVERYONE)}


@pytest.fixture
def album(house: House, models: dict[tuple[str, ...], Path]) -> Album:
    """Two photos and a video, which are not mined yet."""
    album = Album(house, models)
    album.photo("ann.png", [0])
    album.photo("cy.png", [2])
    album.video("bob.mkv", [1])
    return album


def never_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.plugins.drawnfaces.DrawnFaces.detect", lambda *_: pytest.fail("looked"))


def keywords(album: Album, report: str) -> list[str]:
    return json.loads(album.house.outputs()[report]).get("keywords", [])


def test_a_report_with_trigger_labels_does_not_fill_a_lost_store(album):
    album.extra = [component("some", "jsonreportwriter", "faces, names", triggerlabels=["ann"])]
    album.night()
    (album.house.output / STORE_NAME).unlink()
    assert album.night().unchanged == 3
    album.changes["copies"] = {"quality": 50}
    assert album.night().reused["faces"] == 2  # from the other report
    assert album.differing() == []


def test_two_components_that_differ_in_their_inputs_keep_their_own_findings(album, monkeypatch):
    album.extra = [component("again", FINDER, "faces")]
    assert album.night().ran == {"faces": 3, "names": 3, "again": 3}
    album.known = EVERYONE
    never_look(monkeypatch)
    assert not album.night().ran


def test_force_takes_nothing_whatever_else_is_given(album):
    album.night()
    assert [one.known for one in album.house.plan(allow_plugins=True, force=True)] == [frozenset()] * 3
    summary = album.night(force=True, force_components=("copies",))
    assert summary.ran == {"faces": 3, "names": 3}


class Killed(BaseException):
    """Ends a run as a kill does, before an input is recorded."""


def kill(*_: object) -> None:
    raise Killed


@pytest.mark.parametrize("is_back", [True, False])
def test_outputs_of_a_killed_run_are_not_taken_for_those_of_the_run_before_if_the_ledger_is_lost(
    album, is_back, monkeypatch
):
    album.night()
    album.changes["copies"] = {"quality": 30}
    album.write_pipeline()
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("pipeline.runs.bookkeeping.Bookkeeping.note", kill)
        album.house.night(allow_plugins=True)
    (album.house.output / LEDGER_NAME).unlink()
    if is_back:
        del album.changes["copies"]
    album.night()
    assert album.differing() == []


def test_a_run_that_ends_lets_the_next_one_trust_the_store_again(album):
    album.night()
    album.changes["copies"] = {"quality": 30}
    album.night()
    (album.house.output / LEDGER_NAME).unlink()
    assert album.night().unchanged == 3


def test_a_copy_has_its_findings_too(album, monkeypatch):
    album.night()
    never_look(monkeypatch)
    shutil.copy2(album.house.input / "cy.png", album.house.input / "cy again.png")
    shutil.copy2(album.house.input / "bob.mkv", album.house.input / "bob again.mkv")
    for known in (EVERYONE, ("ann", "bob")):
        album.known = known
        summary = album.night()
        assert (dict(summary.ran), summary.reused["faces"]) == ({}, 5)
    assert {len(one.known) for one in album.house.plan(allow_plugins=True, force_components=("report",))} == {
        2
    }


@pytest.mark.parametrize("where", ["output", "beside"])
def test_sidecars_that_a_person_has_edited_are_read_when_anything_is_written(album, where):
    album.extra = [component("sidecars", "xmpwriter", "names", where=where)]
    album.night()
    for name in ("cy.png", "bob.mkv"):
        (album.house.input / f"{name}.xmp").write_text(SIDECAR)
    album.changes["copies"] = {"quality": 50}
    assert not album.night().ran
    assert keywords(album, "cy.png.json") == keywords(album, "bob.mkv.json") == ["holiday"]
    reports = [name for name in album.differing() if name.endswith(".json")]
    assert reports == []
    for name in ("cy.png", "bob.mkv"):
        (album.house.input / f"{name}.xmp").unlink()
    album.changes["copies"] = {"quality": 60}
    album.night()
    assert keywords(album, "cy.png.json") == keywords(album, "bob.mkv.json") == []
    assert (album.house.input / "cy.png.xmp").exists() == (where == "beside")


def test_a_sidecar_that_this_program_writes_beside_a_photo_does_not_make_its_report_stale(album):
    album.extra = [component("sidecars", "xmpwriter", "names", where="beside")]
    album.night()
    album.changes["names"] = {"unknown_distance": {"embedding": 6.0}}
    summary = album.night()
    assert (summary.mined, summary.unchanged) == (0, 3)


def test_a_dry_run_takes_findings_of_other_frames_and_above_another_threshold_for_unknown(house):
    def known(threshold: float, head: str = "") -> set[tuple[str, ...]]:
        found = component("found", "deepdetector", **network | {"threshold": threshold})
        eyes = component("eyes", "simpledetector", model="haarcascade_eye.xml")
        pipeline_file(house.pipeline, found, eyes, component("report", "jsonreportwriter", "found, eyes"))
        house.pipeline.write_text(head + house.pipeline.read_text())
        return {tuple(sorted(one.known)) for one in house.plan()}

    network, *_ = DeepDetector.example_params(house.folder).values()
    house.photo("a.png", 64)
    known(0.5)
    house.night()
    assert known(0.7) == {("eyes", "found")}
    assert known(0.4) == {("eyes",)}
    (house.input / "a.png").unlink()
    draw_video(house.input, "v.mkv", [0], 6)
    known(0.5)
    house.night()
    assert known(0.7) == {("eyes", "found")}
    assert known(0.5, "video: {every: 2}\n") == {()}
    house.night()
    assert known(0.6, "video: {every: 2}\n") == {("eyes", "found")}


def test_findings_of_another_frame_are_not_taken():
    kept = [FrameFindings({b"k" * 8: None}, index=4)]
    assert frame_at(0, 4, kept) is kept[0]
    assert frame_at(0, 5, kept) is NOTHING_KNOWN
    assert frame_at(1, 4, kept) is NOTHING_KNOWN
