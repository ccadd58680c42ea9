"""An engine mines what it is given, and ends by itself when it is not wanted any more."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from cluster.claims import claims_of
from cluster.messages import (
    Alive,
    Begin,
    Begun,
    Done,
    Frames,
    FromEngine,
    NewTasks,
    Over,
    Ready,
    Recall,
    Renewed,
    Returned,
    Setup,
    Stop,
    ToEngine,
    boot_clock,
    framed,
    read,
)
from cluster.roots import Roots, pack, unpack
from cluster.storage import MARKER_NAME
from pipeline.outcome import Status
from pipeline.tasks import MinePhoto
from pipeline.workers.messages import LogLine
from tests.minedphotos import ALL, REPORT, photos, settings_for
from tests.running import PATIENCE_S, ROOT, parts_in

MARKER = "0123"


class Engine:
    """An engine, and the test in the place of its agent."""

    def __init__(self, folder: Path, *components: str) -> None:
        self.sources = photos(folder, 6)
        self.settings = settings_for(folder, *(components or (ALL, REPORT)))
        self.roots = Roots.of(str(folder), str(folder / "out"), str(folder))
        (folder / "out" / MARKER_NAME).write_text(MARKER)
        self._frames, self._messages = Frames(), []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cluster.engine", str(os.getpid()), "1"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )

    def tell(self, message: ToEngine) -> None:
        self.process.stdin.write(framed(message))

    def begin(self, lease_s: float = 60.0, **changes: object) -> None:
        claims = claims_of(self.settings.config)
        setup = Setup(self.settings, claims, MARKER, self.sources[0], 1, 60.0)
        self.tell(Begin(self.roots, pack(replace(setup, **changes), self.roots)))
        self.tell(Renewed(boot_clock() + lease_s))

    def give(self, *numbers: int) -> None:
        tasks = [(number, pack(MinePhoto(self.sources[number]), self.roots)) for number in numbers]
        self.tell(NewTasks(tasks))

    def messages(self) -> Iterator[FromEngine]:
        """What the engine says, until its end; without log lines and signs of life."""
        while some := self.process.stdout.read(1 << 16):
            for pickled in self._frames.add(some):
                message = read(pickled)
                if not isinstance(message, LogLine | Alive):
                    yield message

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine that has received nothing yet."""
    engine = Engine(tmp_path)
    yield engine
    engine.end()


def test_it_mines_returns_and_stops(engine: Engine, tmp_path: Path) -> None:
    engine.begin()
    engine.give(0, 1, 2, 3, 4)
    engine.tell(Recall([3, 4, 77]))
    messages = engine.messages()
    ready = next(messages)
    assert isinstance(ready, Ready)
    assert ready.workers == 1
    said = [next(messages) for _ in range(8)]
    assert [message.number for message in said if isinstance(message, Returned)] == [3, 4]
    done = {
        message.number: unpack(message.result, engine.roots) for message in said if isinstance(message, Done)
    }
    assert done.keys() == {0, 1, 2}
    assert all(outcome.status is Status.MINED for outcome in done.values())
    assert done[1].path == engine.sources[1].path
    assert sum(isinstance(message, Begun) for message in said) == 3
    engine.tell(Stop())
    assert list(messages) == [Over(machine=ready.machine)]
    assert not parts_in(tmp_path)


def test_it_ends_when_its_lease_is_not_renewed(engine: Engine) -> None:
    engine.begin(lease_s=0.0)
    assert [type(message) for message in engine.messages()] == [Ready]
    assert engine.process.wait(PATIENCE_S) == 0


def test_it_ends_with_its_agent(engine: Engine) -> None:
    engine.begin()
    engine.give(0)
    next(engine.messages())
    workers = psutil.Process(engine.process.pid).children(recursive=True)
    engine.end()
    assert engine.process.returncode == 0
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive


def test_it_notices_that_output_is_another_one(engine: Engine, tmp_path: Path) -> None:
    engine.begin()
    messages = engine.messages()
    ready = next(messages)
    (tmp_path / "out" / MARKER_NAME).write_text("4567")
    (over,) = list(messages)
    assert isinstance(over, Over)
    assert over.machine == ready.machine
    assert "out is another OUTPUT than that of the run, or a stale copy" in over.sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"version": "0.9"}, "it has version"),
        ({"routing": "0"}, "its program gives other results than the run's program"),
        ({"formats": {}}, "its program gives other results than the run's program"),
    ],
)
def test_it_refuses_other_results(engine: Engine, changes: dict, sentence: str) -> None:
    engine.begin(claims=replace(claims_of(engine.settings.config), **changes))
    (over,) = list(engine.messages())
    assert sentence in over.sentence
    assert "install the same version on both" in over.sentence
    assert over.is_final


def test_it_names_packages_of_other_versions(engine: Engine) -> None:
    claims = claims_of(engine.settings.config)
    engine.begin(claims=replace(claims, packages=claims.packages | {"numpy": "1.0", "tensorflow": None}))
    ready = next(engine.messages())
    assert "numpy " in ready.other_packages
    assert "(run: 1.0)" in ready.other_packages


def test_it_refuses_what_it_cannot_read(engine: Engine) -> None:
    engine.tell(Begin(engine.roots, b"nothing that this version knows"))
    (over,) = list(engine.messages())
    assert "its program cannot read what the run sends" in over.sentence
