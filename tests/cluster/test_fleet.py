"""Which machine gets which task, and what becomes of tasks whose machine is lost or cannot read its files."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.conversation import Heard, Lost, Waits
from cluster.fleet import MOST_CRASHES, MOST_LOSSES, MOST_STRIKES, Fleet
from cluster.messages import Done, Over, Packed, Ready, Returned
from cluster.roots import Roots, pack, unpack
from cluster.shards import LEAST_SHARD_S, LOOKAHEAD, SHARD_S, Costs, Lookahead, shard_s
from pipeline.errors import FailureCode
from pipeline.outcome import Outcome, Status
from pipeline.source import Source
from pipeline.tasks import MinePhoto
from pipeline.workers.queue import TaskQueue
from tests.pictures import source_of
from tests.running import small_photo


class Talk:
    """Stands for a conversation with a machine: keeps what the machine is given."""

    def __init__(self, host: str, address: str = "") -> None:
        self.host, self.address = host, address or f"tls://{host}:1"
        self.given: list[Packed] = []
        self.recalled: list[int] = []
        self.has_ended = False

    def give(self, tasks: list[Packed], recalled: list[int], *, pace_s: float) -> None:
        """Take tasks."""
        self.given += tasks
        self.recalled += recalled

    def end(self) -> None:
        """Note it."""
        self.has_ended = True


class Site:
    """A fleet without a network."""

    def __init__(self, folder: Path, photos: int) -> None:
        self.sources = [source_of(small_photo(folder / f"{number:04}.png")) for number in range(photos)]
        self.roots = Roots.of(str(folder), str(folder / "out"), str(folder))
        self.refused: list[str] = []
        self._ahead = Lookahead(iter(self.sources))
        self._ahead.fill(LOOKAHEAD + 1)
        queue = TaskQueue(self._ahead)
        self.fleet = Fleet(queue, self._ahead, self.roots, folder / "out", self.refused.append)

    def joins(self, talk: Talk, workers: int = 2) -> Talk:
        """Let a machine join."""
        self.hears(talk, Ready("m1", workers, "2 workers", None))
        return talk

    def hears(self, talk: Talk, *messages, running: frozenset[int] = frozenset()) -> list[Outcome]:
        """Let a machine say something."""
        return list(self.fleet.on_event(Heard(talk, list(messages), running)))

    def sources_of(self, talk: Talk) -> list[Source]:
        """What a machine was given."""
        return [unpack(packed, self.roots).source for _, packed in talk.given]

    def mines(self, talk: Talk, count: int, **changes: object) -> list[Outcome]:
        """Let a machine do the first tasks that it was given."""
        outcomes = []
        for _ in range(count):
            number, packed = talk.given.pop(0)
            source = unpack(packed, self.roots).source
            result = replace(Outcome(source.path, Status.MINED, frames=1, duration_s=0.1), **changes)
            outcomes += self.hears(talk, Done(number, pack(result, self.roots)))
        return outcomes


def test_each_photo_is_given_once_and_all_are_mined(tmp_path: Path) -> None:
    site = Site(tmp_path, 30)
    one, two = site.joins(Talk("one")), site.joins(Talk("two"))
    outcomes = []
    while not site.fleet.hand_out():
        assert one.given or two.given
        outcomes += site.mines(one, len(one.given[:2])) + site.mines(two, len(two.given[:1]))
    assert sorted(outcome.path for outcome in outcomes) == [source.path for source in site.sources]
    assert {outcome.machine for outcome in outcomes} == {"one", "two"}


def test_what_a_lost_machine_has_not_done_goes_to_others(tmp_path: Path, caplog) -> None:
    site = Site(tmp_path, 30)
    one = site.joins(Talk("one"))
    site.fleet.hand_out()
    mined = site.mines(one, 3)
    left = site.sources_of(one)
    assert left
    with caplog.at_level(logging.WARNING):
        assert not list(site.fleet.on_event(Lost(one, "its cable was pulled")))
    assert caplog.messages == [f"one: its cable was pulled; its {len(left)} tasks go to others"]
    two = site.joins(Talk("two"))
    site.fleet.hand_out()
    given = site.sources_of(two)
    assert given == left[: len(given)]
    assert not {outcome.path for outcome in mined} & {source.path for source in site.sources_of(two)}
    late = Done(1, pack(Outcome(site.sources[0].path, Status.MINED), site.roots))
    assert site.hears(one, late) == [], "a machine that was given up is not listened to"


def test_a_photo_that_machines_are_lost_with_has_failed_in_the_end(tmp_path: Path) -> None:
    site = Site(tmp_path, 1)
    outcomes = []
    for number in range(MOST_LOSSES):
        assert not outcomes
        talk = site.joins(Talk(f"host{number}"))
        site.fleet.hand_out()
        ((task, _),) = talk.given
        site.hears(talk, running=frozenset([task]))
        outcomes += site.fleet.on_event(Lost(talk, "it was killed"))
    assert [outcome.code for outcome in outcomes] == [FailureCode.WORKER_CRASHED]
    assert site.fleet.hand_out(), "nothing is left"


def test_photos_that_only_waited_on_lost_machines_do_not_fail(tmp_path: Path) -> None:
    site = Site(tmp_path, 5)
    for number in range(MOST_LOSSES + 3):
        talk = site.joins(Talk(f"host{number}"))
        site.fleet.hand_out()
        assert not list(site.fleet.on_event(Lost(talk, "it was killed")))
    assert len(site.sources_of(site.joins(Talk("good")))) == 0
    good = site.joins(Talk("better"))
    site.fleet.hand_out()
    assert good.given


@pytest.mark.parametrize("code", [FailureCode.VANISHED, FailureCode.UNREADABLE])
def test_a_machine_without_the_storage_of_input_is_set_aside(code: FailureCode, tmp_path: Path) -> None:
    site = Site(tmp_path, 20)
    blind = site.joins(Talk("blind"))
    site.fleet.hand_out()
    assert not site.mines(blind, MOST_STRIKES, status=Status.IGNORED, code=code)
    assert blind.has_ended
    assert site.refused == [blind.address]
    assert "it cannot read files of INPUT that can be read here" in str(site.fleet.last_words)
    seeing, outcomes = site.joins(Talk("seeing")), []
    while not site.fleet.hand_out():
        outcomes += site.mines(seeing, len(seeing.given))
    assert sorted(outcome.path for outcome in outcomes) == [source.path for source in site.sources]


def test_an_input_that_is_gone_for_the_coordinator_too_is_believed(tmp_path: Path) -> None:
    site = Site(tmp_path, 5)
    one = site.joins(Talk("one"))
    site.fleet.hand_out()
    for source in site.sources:
        Path(source.path).unlink()
    outcomes = site.mines(one, 5, status=Status.IGNORED, code=FailureCode.VANISHED)
    assert [outcome.code for outcome in outcomes] == [FailureCode.VANISHED] * 5
    assert not one.has_ended


def test_one_file_that_no_machine_can_read_fails(tmp_path: Path) -> None:
    site = Site(tmp_path, 1)
    one = site.joins(Talk("one"))
    outcomes: list[Outcome] = []
    while not site.fleet.hand_out():
        outcomes += site.mines(one, 1, status=Status.IGNORED, code=FailureCode.VANISHED)
    (outcome,) = outcomes
    assert (outcome.status, outcome.code) == (Status.FAILED, FailureCode.UNREADABLE)
    assert "one cannot read it, which can be read on" in outcome.sentence


def test_a_machine_that_is_lost_again_and_again_is_set_aside(tmp_path: Path) -> None:
    site = Site(tmp_path, 5)
    for number in range(MOST_CRASHES):
        talk = site.joins(Talk("frail", "tls://frail:1"))
        assert site.refused == [], number
        site.hears(talk, Over("its engine has ended with exit status 1", is_final=False))
        list(site.fleet.on_event(Lost(talk, "its engine has ended with exit status 1")))
    assert site.refused == ["tls://frail:1"]
    assert str(site.fleet.last_words) == "frail: its engine has ended with exit status 1"


def test_machines_of_one_host_have_names_of_their_own(tmp_path: Path) -> None:
    site = Site(tmp_path, 5)
    first, second = site.joins(Talk("host", "tls://host:1")), site.joins(Talk("host", "tls://host:2"))
    assert [machine.name for machine in site.fleet.machines.values()] == ["host", "host#2"]
    list(site.fleet.on_event(Lost(first, "")))
    site.joins(Talk("host", "tls://host:3"))
    assert sorted(machine.name for machine in site.fleet.machines.values()) == ["host", "host#2"]
    assert second in site.fleet.machines


def test_a_machine_that_mines_for_another_run_is_named_once(tmp_path: Path, caplog) -> None:
    site = Site(tmp_path, 5)
    talk = Talk("busy")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            list(site.fleet.on_event(Waits(talk, "it mines for another run (process 7 on host1)")))
    assert caplog.messages == [
        "busy: it mines for another run (process 7 on host1); it joins when that is over"
    ]
    assert site.fleet.waiting == 1
    site.joins(talk)
    assert site.fleet.waiting == 0


def test_folders_with_new_outputs_are_listed_again(tmp_path: Path) -> None:
    """A client of a network file system forgets its list of a folder when it writes there itself."""
    site = Site(tmp_path, 2)
    one = site.joins(Talk("one"))
    site.fleet.hand_out()
    site.mines(one, 1)
    site.fleet.reveal(0.0)
    assert not (tmp_path / "out").exists(), "nothing was written"
    folder = tmp_path / "out"
    folder.mkdir()
    os.utime(folder, (0, 0))
    site.mines(one, 1, outputs=("1.png.json",))
    site.fleet.reveal(0.0)
    assert folder.stat().st_mtime > 0
    assert not list(folder.iterdir())


def test_a_slow_machine_is_given_less(tmp_path: Path) -> None:
    site = Site(tmp_path, 1000)
    slow, fast = site.joins(Talk("slow")), site.joins(Talk("fast"))
    for _ in range(30):
        site.fleet.hand_out()
        site.mines(slow, 1, duration_s=1.0)
        site.mines(fast, 4, duration_s=0.1)
    site.fleet.hand_out()
    assert len(fast.given) > 3 * len(slow.given) > 0


def test_a_machine_that_turns_out_to_be_slow_returns_what_others_can_do_sooner(tmp_path: Path) -> None:
    site = Site(tmp_path, 60)
    slow, fast = site.joins(Talk("slow")), site.joins(Talk("fast"))
    outcomes = []
    for _ in range(4):  # at first both seem to be fast
        site.fleet.hand_out()
        outcomes += site.mines(slow, 1) + site.mines(fast, 1)
    while not site.fleet.hand_out():
        recalled, slow.recalled = set(slow.recalled), []
        returned = [number for number, _ in slow.given if number in recalled]
        slow.given = [one for one in slow.given if one[0] not in recalled]
        site.hears(slow, *map(Returned, returned))
        outcomes += site.mines(slow, min(1, len(slow.given)), duration_s=5.0)
        outcomes += site.mines(fast, min(10, len(fast.given)))
    assert sorted(outcome.path for outcome in outcomes) == [source.path for source in site.sources]
    assert [outcome.machine for outcome in outcomes].count("slow") < 15


def test_shards_get_smaller_towards_the_end() -> None:
    assert shard_s(float("inf"), 100) == SHARD_S
    sizes = [shard_s(remaining_s, 4) for remaining_s in (1000, 100, 40, 20, 8, 1, 0)]
    assert sizes[0] == SHARD_S
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == LEAST_SHARD_S


def test_costs_are_learned(tmp_path: Path) -> None:
    costs = Costs()
    task = MinePhoto(source_of(small_photo(tmp_path / "a.png")))
    for _ in range(100):
        costs.learn(task, Outcome(task.source.path, Status.MINED, duration_s=2.0))
    assert costs.expected_s(task) == pytest.approx(2.0, rel=0.05)
    assert costs.expected_of(task.source) == costs.expected_s(task)


def test_sources_are_taken_ahead_but_not_all(tmp_path: Path) -> None:
    source = source_of(small_photo(tmp_path / "a.png"))
    taken = []

    def sources():
        for number in range(3 * LOOKAHEAD):
            taken.append(number)
            yield source

    ahead = Lookahead(sources())
    ahead.fill(10)
    assert len(taken) == 10
    ahead.fill(10 * LOOKAHEAD)
    assert len(taken) == LOOKAHEAD
    assert ahead.remaining_s(Costs()) == float("inf")
    assert sum(1 for _ in ahead) == 3 * LOOKAHEAD
    assert ahead.is_exhausted
    assert ahead.remaining_s(Costs()) == 0
