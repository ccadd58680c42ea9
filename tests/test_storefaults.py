"""Collections whose findings are kept, when runs are killed or another version runs between."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.kept.store import Store
from tests.albums import Album, network_in, teach
from tests.house import House
from tests.running import ROOT
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


_KEEP_MANY = """
import os
from pathlib import Path
from pipeline.kept.store import Store
from pipeline.kept.values import InputState, Kept

with Store(Path("/mnt")) as store:
    for number in range(500):
        state = InputState((1, 1)).to_bytes()
        store.keep(f"{number}.jpg", "ab" * 32, "pipeline", Kept(b"objects.", state, (os.urandom(1_300),)))
"""


def test_no_temporary_folder_is_needed(tmp_path: Path) -> None:
    """As in a container whose file system is read-only but for OUTPUT, here /mnt."""
    hide = " && ".join(f"mount -t tmpfs -o ro tmpfs {folder}" for folder in ("/tmp", "/var/tmp"))
    mount = f'mount --bind "$0" /mnt && {hide} && cd /proc && exec "$@"'
    prefix = ["unshare", "--mount", "sh", "-c", mount, str(tmp_path)]
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no file system can be mounted here: {tried.stderr}")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [*prefix, sys.executable, "-c", _KEEP_MANY]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    with Store(tmp_path) as store:
        assert len(store) == 500
