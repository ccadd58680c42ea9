"""What the coordinator knows of one machine: its tasks, its speed and its results."""

from __future__ import annotations

import logging

from cluster.conversation import Conversation
from pipeline.tasks import Task

_LEARNING = 0.1
PACE_S, MOST_PACE_S = 3.0, 5.0
"""The longest time between two requests, for few machines and for many. What a machine has done since the
last one is mined again if it is lost."""
_MACHINES_A_SECOND = 50
_UNKNOWN_S = 2.0
_WORTH_WAITING_S = 2.0


class Machine:
    """One machine of a run.

    Args:
        conversation: with it.
        name: for people, unique in the run.
    Attributes:
        owner: of its unfinished outputs, see `pipeline.files.outputs.own_parts_as`; empty until it is ready.
        workers: most worker processes; 0 until it is ready.
        tasks: what it was given and has not done, with the expected seconds of one average worker.
        slowness: how long its workers take for what takes an average one a second.
        recalled: numbers of tasks that it is asked to return.
        strikes: inputs that it could not read and the coordinator could, since it has mined one.
    """

    def __init__(self, conversation: Conversation, name: str) -> None:
        self.conversation, self.name = conversation, name
        self.owner, self.workers = "", 0
        self.tasks: dict[int, tuple[Task, float]] = {}
        self._running: frozenset[int] = frozenset()
        self._running_s = 0.0
        self.slowness = 1.0
        self.recalled: set[int] = set()
        self._finished = 0
        self.strikes: set[str] = set()
        self._expected_s = 0.0

    @property
    def running(self) -> frozenset[int]:
        """Numbers of the tasks that its workers had when it replied last."""
        return self._running

    @running.setter
    def running(self, numbers: frozenset[int]) -> None:
        self._running = numbers & self.tasks.keys()
        self._running_s = sum(self.tasks[number][1] for number in self._running)

    @property
    def waiting_s(self) -> float:
        """How long its workers need for the tasks that none of them has begun."""
        return max(0.0, self._expected_s - self._running_s) * self.slowness / max(self.workers, 1)

    @property
    def backlog_s(self) -> float:
        """How long its workers need for its tasks."""
        return self._expected_s * self.slowness / max(self.workers, 1)

    @property
    def speed(self) -> float:
        """How many average workers it is worth."""
        return self.workers / self.slowness

    def pace_s(self, machines: int) -> float:
        """How long a request to it may wait: its workers must not run out of tasks meanwhile.

        Args:
            machines: how many there are; with many, the coordinator asks each one less often.
        """
        most_s = min(MOST_PACE_S, max(PACE_S, machines / _MACHINES_A_SECOND))
        return min(most_s, self.waiting_s / 3) if len(self.tasks) > self.workers else 0.0

    def needs_more(self, wanted_s: float) -> bool:
        """Whether it should be given another task.

        Args:
            wanted_s: how much it should have waiting, in seconds of all of its workers.
        """
        if self._finished < 2 * self.workers:  # its speed is not known
            wanted_s = min(wanted_s, _UNKNOWN_S)
        return self.waiting_s < wanted_s or len(self.tasks) <= self.workers

    def recall(self, wanted_s: float) -> list[int]:
        """Choose tasks to be returned because others can do them sooner, the last given ones first.

        Args:
            wanted_s: how much it should keep waiting, in seconds of all of its workers.
        """
        chosen: list[int] = []
        kept_s, factor = self.waiting_s, self.slowness / max(self.workers, 1)
        for number in sorted(self.tasks.keys() - self.running - self.recalled, reverse=True):
            if kept_s <= wanted_s or len(self.tasks) - len(chosen) <= self.workers:
                break
            kept_s -= self.tasks[number][1] * factor
            chosen.append(number)
        self.recalled.update(chosen)
        return chosen

    def returned(self, number: int) -> Task | None:
        """Note that it will not do a task; None if it had not been given it."""
        self.recalled.discard(number)
        self._finished -= number in self.tasks
        return self.done(number, 0.0)

    def add(self, number: int, task: Task, expected_s: float) -> None:
        """Note a task that it is given."""
        self.tasks[number] = task, expected_s
        self._expected_s += expected_s

    def done(self, number: int, taken_s: float) -> Task | None:
        """Note that it has done a task; None if it had not been given it.

        Args:
            taken_s: how long it took; 0 for unknown.
        """
        known = self.tasks.pop(number, None)
        if known is None:
            return None
        task, expected_s = known
        self._finished += 1
        if number in self._running:
            self.running = self._running - {number}
        self.recalled.discard(number)
        self._expected_s = max(0.0, self._expected_s - expected_s) if self.tasks else 0.0
        if taken_s > 0:
            slowness = min(10.0, max(0.1, taken_s / expected_s))
            self.slowness += _LEARNING * (slowness - self.slowness)
        return task

    def take_all(self) -> list[tuple[Task, bool]]:
        """The tasks that it will not do, and whether a worker had each."""
        tasks = [(task, number in self.running) for number, (task, _) in self.tasks.items()]
        self.tasks.clear()
        self._expected_s = 0.0
        return tasks

    def log(self, level: int, sentence: str, *values: object) -> None:
        """Log something about this machine."""
        logging.getLogger("cluster").log(level, f"%s: {sentence}", self.name, *values)


def is_done_sooner_elsewhere(machine: Machine, cost_s: float, ready: list[Machine]) -> bool:
    """Whether another machine would end a task earlier even after all that it has now.

    Otherwise the last long segment of a video, on a slow machine, would hold up the end of the run.

    Args:
        machine: the one with the least to do.
        cost_s: of the task, on an average machine.
        ready: all machines.
    """
    own_s = machine.backlog_s + cost_s * machine.slowness
    return any(one.backlog_s + cost_s * one.slowness + _WORTH_WAITING_S < own_s for one in ready)
