"""Collections whose findings are kept, when runs are killed or another version runs between."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.kept.store import Store
from tests.albums import Album, network_in, teach
from tests.house import House
from tests.search.killing import in_child, killed_at_call

KNOWN = (("ann",), ("ann", "bob"))
POINTS = 20


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Path]:
    folder = tmp_path_factory.mktemp("models")
    network = network_in(folder)
    return {names: teach(folder, names, network) for names in KNOWN}


@pytest.fixture
def album(house: House, models: dict[tuple[str, ...], Path]) -> Album:
    """Two photos that a model has looked at that knows one of the people."""
    album = Album(house, models)
    album.known = ("ann",)
    album.photo("ann.png", [0])
    album.photo("bob.png", [1, 0])
    assert album.night().mined == 2
    return album


def test_a_run_that_is_killed_at_twenty_points_is_made_up_for(album: Album) -> None:
    album.known = ("ann", "bob")
    album.write_pipeline()
    elsewhere = str(album.house.folder / "elsewhere")
    calls = killed_at_call(-1, lambda: album.house.night(allow_plugins=True, output=elsewhere))
    killed = 0
    for point in range(POINTS):
        album.known = KNOWN[point % 2]
        album.write_pipeline()
        at = calls * (point + 1) // (POINTS + 2)
        ended = in_child(lambda: killed_at_call(at, lambda: album.house.night(allow_plugins=True)))  # noqa: B023
        killed += ended != 0
        album.known = KNOWN[(point // 2) % 2]
        assert album.night().failed == 0
        assert album.differing() == [], point
    assert killed > POINTS / 2


def test_a_version_that_keeps_no_findings_may_run_between(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Store, "find", lambda *_: None)
        patch.setattr(Store, "keep", lambda *_: None)
        patch.setattr(Store, "forget", lambda *_: None)
        album.known = ("ann", "bob")
        assert album.night().mined == 2
    album.known = ("ann",)
    assert album.night().failed == 0
    assert album.differing() == []
    album.known = ("ann", "bob")
    album.photo("bob.png", [1])
    assert album.night().failed == 0
    assert album.differing() == []
