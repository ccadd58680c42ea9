"""Only what changed is computed, and the outputs are those of a run from scratch."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import MinerError
from pipeline.kept.storefile import STORE_NAME
from pipeline.ledger.ledgerfile import LEDGER_NAME
from pipeline.outcome import Outcome
from recognizers.model.facemodel import read_facemodel
from tests.albums import FINDER, Album, damage, network_in, teach
from tests.house import House
from tests.running import component

KNOWN = (("ann", "bob"), ("ann", "bob", "cy"), ("ann",))
ANN, BOB, CY, DEE = range(4)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Path]:
    folder = tmp_path_factory.mktemp("models")
    network = network_in(folder)
    return {names: teach(folder, names, network) for names in KNOWN}


@pytest.fixture
def album(house: House, models: dict[tuple[str, ...], Path]) -> Album:
    """Three photos and a video, mined by a model that knows Ann and Bob."""
    album = Album(house, models)
    album.photo("ann.png", [ANN])
    album.photo("cy.png", [CY])
    album.photo("sub/ann and dee.png", [ANN, DEE])
    album.video("bob and cy.mkv", [BOB, CY])
    assert album.night().mined == 4
    return album


def changed(album: Album, before: dict[str, tuple[int, int, bytes]]) -> set[str]:
    """Names of the outputs that were written since."""
    after = album.house.snapshot()
    files = {path for path in after if before.get(path) != after[path]}
    return {os.path.relpath(path, album.house.output) for path in files if "/.deepvis" not in path}


def labels(album: Album, report: str) -> list[str]:
    frames = json.loads(album.house.outputs()[report])["frames"]
    return [found["labels"][0]["label"] for frame in frames for found in frame["names"]]


def test_a_new_person_costs_no_pixels_and_changes_only_what_shows_the_person(album, monkeypatch):
    before = album.house.snapshot()
    assert "cy" not in labels(album, "cy.png.json")
    album.known = ("ann", "bob", "cy")
    monkeypatch.setattr("tests.plugins.drawnfaces.DrawnFaces.detect", lambda *_: pytest.fail("looked"))
    summary = album.night()
    assert not summary.ran
    assert summary.reused == {"faces": 4, "names": 4}
    assert labels(album, "cy.png.json") == ["cy"]
    assert "cy" in labels(album, "bob and cy.mkv.json")
    assert "ann.png.json" not in changed(album, before)
    assert {"cy.png.json", "cy.png-annotated.jpg", "bob and cy.mkv.json"} <= changed(album, before)


def test_the_outputs_are_those_of_a_run_from_scratch(album):
    album.known = ("ann", "bob", "cy")
    album.night()
    assert album.differing() == []


def test_the_first_model_costs_no_pixels_if_its_network_was_here_before(album, models, monkeypatch):
    record = read_facemodel(str(models["ann", "bob"])).network
    monkeypatch.setattr("recognizers.recognizer.network_ahead", lambda: record)
    album.known = ()
    album.night(force=True)
    assert labels(album, "ann.png.json") == []
    album.known = ("ann", "bob")
    monkeypatch.setattr("tests.plugins.drawnfaces.DrawnFaces.detect", lambda *_: pytest.fail("looked"))
    summary = album.night()
    assert not summary.ran
    assert labels(album, "ann.png.json") == ["ann"]


def test_nothing_is_opened_where_no_name_changes(album, monkeypatch):
    before = album.house.snapshot()
    album.changes["names"] = {"unknown_distance": {"embedding": 6.0}}
    monkeypatch.setattr("pipeline.photos.photo.open_photo", lambda *_, **__: pytest.fail("opened"))
    monkeypatch.setattr("pipeline.segmentmining.iter_frames", lambda *_, **__: pytest.fail("decoded"))
    summary = album.night()
    assert (summary.mined, summary.unchanged) == (0, 4)
    assert changed(album, before) == set()
    assert album.night().unchanged == 4
    assert album.house.planned(allow_plugins=True) == []


def test_copies_do_not_depend_on_distances(album, monkeypatch):
    album.known = ("ann", "bob", "cy")
    album.changes["names"] = {"unknown_distance": {"embedding": 1e-6}}
    assert album.night().failed == 0
    monkeypatch.setattr("annotators.photowriter.PhotoWriter.annotate", lambda *_: pytest.fail("drawn"))
    monkeypatch.setattr("annotators.videowriter.VideoWriter.annotate", lambda *_: pytest.fail("drawn"))
    before = album.house.snapshot()
    album.known = ("ann",)  # no face gets a name, but the distances to the nearest known face change
    assert album.night().mined > 0
    assert {Path(name).suffix for name in changed(album, before)} == {".json"}


def test_a_writers_format_costs_that_writer_alone(album, monkeypatch):
    before = album.house.snapshot()
    album.changes["copies"] = {"format": "png"}
    with monkeypatch.context() as patch:
        patch.setattr("tests.plugins.drawnfaces.DrawnFaces.detect", lambda *_: pytest.fail("looked"))
        assert not album.night().ran
    assert {Path(name).suffix for name in changed(album, before)} == {".png"}
    assert album.differing() == []


def test_a_component_that_is_added_runs_alone(album, monkeypatch):
    before = album.house.snapshot()
    album.extra = [component("again", "tests.plugins.routes:Echoes", "faces")]
    summary = album.night()
    assert summary.ran == {"again": 4}
    assert summary.reused == {"faces": 4, "names": 4}
    assert changed(album, before) == set()


def test_a_component_that_is_forced_runs_for_every_input(album):
    summary = album.night(force_components=("faces",))
    assert summary.ran["faces"] == 4
    assert "names" not in summary.ran
    before = album.house.snapshot()
    summary = album.night(force_components=("copies",))
    assert not summary.ran
    assert changed(album, before) == set()
    with pytest.raises(MinerError, match='no such component; did you mean "faces"'):
        album.night(force_components=("face",))


def test_a_renamed_photo_and_a_new_person_in_one_night(album):
    (album.house.input / "cy.png").rename(album.house.input / "boat.png")
    album.known = ("ann", "bob", "cy")
    summary = album.night()
    assert "faces" not in summary.ran
    assert labels(album, "boat.png.json") == ["cy"]
    assert album.differing() == []


def test_a_photo_that_was_only_touched(album):
    os.utime(album.house.input / "cy.png", (1_500_000_000, 1_500_000_000))
    os.utime(album.house.input / "bob and cy.mkv", (1_500_000_000, 1_500_000_000))
    summary = album.night()
    assert (summary.mined, dict(summary.ran)) == (2, {})
    assert album.differing() == []


def test_an_edited_photo_is_looked_at_and_no_other(album):
    album.photo("cy.png", [CY, ANN])
    summary = album.night()
    assert (summary.ran, summary.unchanged) == ({"faces": 1, "names": 1}, 3)
    assert album.differing() == []


def test_an_output_that_is_gone_is_made_again_alone(album):
    before = album.house.snapshot()
    (album.house.output / "cy.png-annotated.jpg").unlink()
    summary = album.night()
    assert (summary.mined, dict(summary.ran)) == (1, {})
    assert changed(album, before) == {"cy.png-annotated.jpg"}


@pytest.mark.parametrize("lost", [(LEDGER_NAME,), (STORE_NAME,), (LEDGER_NAME, STORE_NAME)])
def test_what_is_lost_is_mined_again_and_nothing_goes_wrong(album, lost):
    for name in lost:
        (album.house.output / name).unlink()
    before = album.house.snapshot()
    summary = album.night()
    assert summary.unchanged == (0 if len(lost) == 2 else 4)
    assert changed(album, before) == set()
    album.known = ("ann", "bob", "cy")
    assert album.night().failed == 0
    assert album.differing() == []


def test_a_lost_store_is_filled_from_the_reports_of_photos(album):
    (album.house.output / STORE_NAME).unlink()
    assert album.night().unchanged == 4
    album.known = ("ann", "bob", "cy")
    summary = album.night()
    assert summary.ran == {"faces": 1, "names": 4}  # the video's findings are not read from its report
    assert summary.reused["faces"] == 3
    assert album.differing() == []


def test_reports_that_were_edited_by_hand_fill_nothing(album):
    (album.house.output / STORE_NAME).unlink()
    for name in ("ann.png.json", "cy.png.json", "sub/ann and dee.png.json"):
        report = album.house.output / name
        report.write_text(report.read_text().replace('"rect": [', '"rect": [-'))
    assert album.night().unchanged == 4
    album.known = ("ann", "bob", "cy")
    assert album.night().ran["faces"] == 4
    assert album.differing() == []


def test_a_damaged_store_is_begun_again(album):
    damage(album.house.output / STORE_NAME)
    album.known = ("ann", "bob", "cy")
    assert album.night().failed == 0
    assert album.differing() == []


def test_a_dry_run_says_what_is_known(album):
    album.known = ("ann", "bob", "cy")
    album.photo("new.png", [BOB])
    album.write_pipeline()
    planned = album.house.plan(allow_plugins=True)
    assert {os.path.basename(one.path): sorted(one.known) for one in planned} == {
        "ann.png": ["faces", "names"],
        "cy.png": ["faces", "names"],
        "ann and dee.png": ["faces", "names"],
        "bob and cy.mkv": ["faces", "names"],
        "new.png": [],
    }


class Killed(BaseException):
    """Ends a run as a kill does."""


def killed(album: Album, after: int) -> None:
    """A run that is killed when an input is done, before it is recorded."""
    count = 0

    def on_record(*_: object) -> None:
        nonlocal count
        count += 1
        if count > after:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.runs.bookkeeping.Bookkeeping.note", on_record)
        album.write_pipeline()
        with contextlib.suppress(Killed):
            album.house.night(allow_plugins=True)


STEPS: dict[str, Callable[[Album, random.Random], None]] = {
    "teach": lambda album, rng: setattr(album, "known", rng.choice(KNOWN)),
    "distance": lambda album, rng: album.changes.update(
        names={"unknown_distance": {"embedding": rng.choice((0.5, 5.0, 50.0))}}
    ),
    "own distance": lambda album, _: album.changes.update(names={}),
    "copies": lambda album, rng: album.changes.update(copies={"quality": rng.choice((50, 90))}),
    "clips": lambda album, rng: album.changes.update(clips={"format": rng.choice(("mp4", "gif"))}),
    "trigger": lambda album, rng: setattr(album, "triggers", rng.choice(((), ("ann",), ("unknown",)))),
    "component": lambda album, rng: setattr(
        album,
        "extra",
        rng.choice(([], [component("again", FINDER), component("r2", "jsonreportwriter", "again")])),
    ),
    "edit": lambda album, rng: (
        album.photo(rng.choice(("ann.png", "cy.png")), rng.sample(range(4), 2)) and None
    ),
    "new": lambda album, rng: album.photo(f"new {rng.randrange(3)}.png", [rng.randrange(4)]) and None,
    "rename": lambda album, rng: rename_one(album, rng),
    "touch": lambda album, rng: os.utime(rng.choice(photos(album)), (rng.randrange(10**9, 2 * 10**9),) * 2),
    "no output": lambda album, rng: rng.choice(sorted(outputs(album))).unlink(),
    "no store": lambda album, _: (album.house.output / STORE_NAME).unlink(missing_ok=True),
    "no ledger": lambda album, _: (album.house.output / LEDGER_NAME).unlink(missing_ok=True),
    "kill": lambda album, rng: killed(album, rng.randrange(3)),
}


def photos(album: Album) -> list[Path]:
    return sorted(album.house.input.rglob("*.png"))


def outputs(album: Album) -> list[Path]:
    return [path for path in album.house.output.rglob("*.json") if path.is_file()]


def rename_one(album: Album, rng: random.Random) -> None:
    path = rng.choice(photos(album))
    path.rename(path.with_name(f"renamed {rng.randrange(10**6)}.png"))


@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_changes_gives_what_a_run_from_scratch_gives(album, seed):
    rng = random.Random(seed)
    for _ in range(6):
        steps = rng.sample(sorted(STEPS), rng.randrange(1, 4))
        for step in steps:
            STEPS[step](album, rng)
        assert album.night().failed == 0, steps
        assert album.differing() == [], steps


def test_outcomes_say_what_ran(album):
    said: list[Outcome] = []
    album.known = ("ann",)
    album.write_pipeline()
    album.house.night(said.append, allow_plugins=True)
    assert {outcome.reused for outcome in said} == {frozenset(("faces", "names"))}
    shutil.rmtree(album.house.output)
    said.clear()
    album.house.night(said.append, allow_plugins=True)
    assert {outcome.ran for outcome in said} == {frozenset(("faces", "names"))}
