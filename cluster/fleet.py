"""The machines of a run: which one has which task, and what becomes of results and of lost machines."""

from __future__ import annotations

import heapq
import itertools
import logging
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from cluster.conversation import Conversation, Event, Heard, Lost, Waits
from cluster.machine import Machine, is_done_sooner_elsewhere
from cluster.messages import Done, FramesRead, FromEngine, Over, Packed, Ready, Returned
from cluster.rates import Rates
from cluster.roots import Roots, pack, unpack
from cluster.shards import SHARD_S, Costs, Lookahead, shard_s
from cluster.storage import LATE_S, is_readable, reveal
from pipeline.errors import FailureCode, MinerError
from pipeline.files.outputs import output_path
from pipeline.files.parts import RUN_OWNER, sweep_machine_parts
from pipeline.outcome import Outcome, Status
from pipeline.tasks import MineSegment, Result, Task, key_of
from pipeline.videos.messages import SegmentResult
from pipeline.workers.messages import LogLine
from pipeline.workers.queue import TaskQueue

MOST_LOSSES = 3
"""A file fails after this many machines were lost while they mined it."""
MOST_STRIKES = 3
"""A machine is set aside when it cannot read so many files that the coordinator can read, and mined none
between them. One such file is tried so often."""
MOST_CRASHES = 3
"""A machine is set aside when it was lost so often and finished no task between."""
_HAND_OUT_S = 0.5
_TOO_MUCH = 2.0
_UNREADABLE = (FailureCode.VANISHED, FailureCode.UNREADABLE)
_log = logging.getLogger(__name__)


class Fleet:
    """The machines of a run, and their tasks.

    Args:
        queue: gives tasks and takes results.
        ahead: the sources that the queue takes.
        roots: the run's folders.
        output_root: OUTPUT.
        refuse: called with the address of a machine that is not to be asked again.
    Attributes:
        machines: those that mine, or will soon.
        last_words: why the last machine that cannot mine for this run cannot; None if there was none.
        rates: what each machine mines.
    """

    def __init__(
        self,
        queue: TaskQueue,
        ahead: Lookahead,
        roots: Roots,
        output_root: Path,
        refuse: Callable[[str], None],
    ) -> None:
        self.machines: dict[Conversation, Machine] = {}
        self.last_words: MinerError | None = None
        self.rates = Rates()
        self._queue, self._ahead, self._roots, self._output_root = queue, ahead, roots, output_root
        self._refuse = refuse
        self._costs = Costs()
        self._numbers = itertools.count(1)
        self._gone: set[Conversation] = set()
        self._losses: Counter[tuple[str, str, int]] = Counter()
        self._suspicions: Counter[str] = Counter()
        self._crashes: Counter[str] = Counter()
        self._waiting: set[str] = set()
        self._hosts: dict[str, str] = {}
        self._frames: dict[str, Counter[str]] = {}
        self._with_segments: set[Path] = set()
        self._written_at: dict[str, float] = {}
        self._logged_once: set[LogLine] = set()

    @property
    def waiting(self) -> int:
        """How many machines mine for another run."""
        return len(self._waiting)

    def stop(self, times: int) -> None:
        """Tell all machines how often the run was stopped."""
        for machine in self.machines.values():
            machine.conversation.stop(times)

    def sweep(self) -> None:
        """Remove unfinished outputs, at the end of the run, after the machines' engines have ended."""
        for machine in self.machines.values():
            self._sweep(machine)
        for folder in self._with_segments:
            sweep_machine_parts(folder, RUN_OWNER)

    def reveal(self, patience_s: float) -> None:
        """Make this machine see the outputs of others, see `cluster.storage.reveal`.

        Args:
            patience_s: how long to wait for them.
        """
        since = time.monotonic() - LATE_S
        late = [folder for folder, written_at in self._written_at.items() if written_at > since]
        reveal((self._output_root / folder for folder in late), patience_s)

    def hand_out(self) -> bool:
        """Give tasks to machines that need some; return whether all tasks are done."""
        given: dict[Machine, list[Packed]] = {}
        ready = [machine for machine in self.machines.values() if machine.workers]
        speed = sum(machine.speed for machine in ready)
        wanted_s = shard_s(self._ahead.remaining_s(self._costs), speed)
        # Those with the least to do come first.
        needy = [(one.backlog_s, place, one) for place, one in enumerate(ready) if one.needs_more(wanted_s)]
        heapq.heapify(needy)
        until, is_empty = time.monotonic() + _HAND_OUT_S, False
        while needy and time.monotonic() < until:
            task = self._queue.next()
            if task is None:
                is_empty = True
                break
            _, place, machine = needy[0]
            cost_s = self._costs.expected_s(task)
            if wanted_s < SHARD_S and is_done_sooner_elsewhere(machine, cost_s, ready):
                self._queue.put_back(task)
                heapq.heappop(needy)
                continue
            number = next(self._numbers)
            machine.add(number, task, cost_s)
            given.setdefault(machine, []).append((number, pack(task, self._roots)))
            if machine.needs_more(wanted_s):
                heapq.heapreplace(needy, (machine.backlog_s, place, machine))
            else:
                heapq.heappop(needy)
        # Nothing is left for a machine: another one that has much waiting gives some of it back.
        is_idle = is_empty and any(len(machine.tasks) < machine.workers for _, _, machine in needy)
        for machine in ready:
            kept_s = wanted_s if is_idle else SHARD_S
            recalled = machine.recall(kept_s) if machine.waiting_s > _TOO_MUCH * kept_s else []
            machine.conversation.give(given.get(machine, []), recalled, pace_s=machine.pace_s(len(ready)))
        return not any(machine.tasks for machine in self.machines.values()) and self._has_no_task()

    def _has_no_task(self) -> bool:
        task = self._queue.next()
        if task is not None:
            self._queue.put_back(task)
        return task is None

    def on_event(self, event: Event) -> Iterator[Outcome]:
        """Handle an event of a machine; yield the outcomes that it completes."""
        if event.speaker in self._gone:
            return
        match event:
            case Heard(speaker, messages, running):
                machine = self._machine_of(speaker)
                for message in messages:
                    yield from self._on_message(machine, message)
                machine.running = running
            case Waits(speaker, sentence):
                if speaker.address not in self._waiting:
                    self._waiting.add(speaker.address)
                    _log.warning("%s: %s; it joins when that is over", speaker.host, sentence)
            case Lost(speaker, sentence, is_refusal):
                machine = self._machine_of(speaker)
                yield from self._on_lost(machine, sentence, is_refusal=is_refusal)

    def _machine_of(self, speaker: Conversation) -> Machine:
        if speaker not in self.machines:
            # One that does not answer now may have answered before.
            host = speaker.host or self._hosts.get(speaker.address, speaker.address)
            self._hosts[speaker.address] = host
            taken = {one.name for one in self.machines.values()}
            names = itertools.chain([host], (f"{host}#{number}" for number in itertools.count(2)))
            self.machines[speaker] = Machine(speaker, next(name for name in names if name not in taken))
            self._waiting.discard(speaker.address)
        return self.machines[speaker]

    def _on_message(self, machine: Machine, message: FromEngine) -> Iterator[Outcome]:
        match message:
            case Ready(owner, workers, sentence, others):
                machine.owner, machine.workers = owner, workers
                machine.log(logging.INFO, "mines with %s", sentence)
                if others:
                    machine.log(
                        logging.WARNING, "packages of other versions, whose results may differ: %s", others
                    )
            case Done(number, packed):
                yield from self._on_result(machine, number, unpack(packed, self._roots))
            case Returned(number):
                if (task := machine.returned(number)) is not None:
                    yield from self._put_back(task)
            case FramesRead(number, frames):
                if number in machine.tasks:
                    self._queue.note_frames(machine.tasks[number][0], frames)
            case LogLine():
                self._log_line(machine, message)
            case Over(_, owner):
                machine.owner = owner or machine.owner

    def _log_line(self, machine: Machine, line: LogLine) -> None:
        if line not in self._logged_once:
            logging.getLogger(line.logger).log(line.level, "%s: %s", machine.name, line.text)
        if line.once:
            self._logged_once.add(line)

    def _on_result(self, machine: Machine, number: int, result: Result) -> Iterator[Outcome]:
        task = machine.done(number, getattr(result, "duration_s", 0.0))
        if task is None:
            return
        self._crashes[machine.conversation.address] = 0
        if isinstance(result, Outcome) and result.code in _UNREADABLE and is_readable(result.path):
            machine.strikes.add(result.path)
            self._suspicions[result.path] += 1
            if len(machine.strikes) >= MOST_STRIKES:
                yield from self._put_back(task)
                yield from self._set_aside(machine)
                return
            if self._suspicions[result.path] < MOST_STRIKES:
                yield from self._put_back(task)
                return
            sentence = f"{machine.name} cannot read it, which can be read on {socket.gethostname()}"
            result = replace(result, status=Status.FAILED, code=FailureCode.UNREADABLE, sentence=sentence)
        else:
            machine.strikes.clear()
        if isinstance(result, SegmentResult):
            self.rates.add_frames(machine.name, result.frames)
            self._frames.setdefault(task.source.path, Counter())[machine.name] += result.frames
        if isinstance(result, Outcome) and result.outputs:
            self._written_at[task.source.relative.rpartition("/")[0]] = time.monotonic()
        self._costs.learn(task, result)
        yield from self._settled(self._queue.note(task, result), machine)

    def _set_aside(self, machine: Machine) -> Iterator[Outcome]:
        """Give no more tasks to a machine that cannot read INPUT."""
        sentence = "it cannot read files of INPUT that can be read here; mount the storage of INPUT there"
        machine.conversation.end()
        self._refuse(machine.conversation.address)
        yield from self._on_lost(machine, sentence, is_refusal=True)

    def _settled(self, outcome: Outcome | None, machine: Machine | None = None) -> Iterator[Outcome]:
        if outcome is not None and machine is not None:
            frames = self._frames.pop(outcome.path, Counter())
            shares = tuple(sorted(frames.items())) if outcome.frames else ()
            outcome = replace(outcome, machine=machine.name, shares=shares)
            self.rates.add(outcome)
        if outcome is not None:
            yield outcome

    def _put_back(self, task: Task) -> Iterator[Outcome]:
        yield from self._settled(self._queue.put_back(task))

    def _on_lost(self, machine: Machine, sentence: str, *, is_refusal: bool) -> Iterator[Outcome]:
        """Give the tasks of a machine to others."""
        del self.machines[machine.conversation]
        self._gone.add(machine.conversation)
        self._sweep(machine)
        address, tasks = machine.conversation.address, machine.take_all()
        if sentence:
            then = f"; its {len(tasks):,} tasks go to others" if tasks else ""
            machine.log(logging.WARNING, "%s%s", sentence, then)
        if is_refusal:
            self.last_words = MinerError(f"{machine.name}: {sentence}")
        else:
            self._crashes[address] += 1
            if self._crashes[address] >= MOST_CRASHES:
                self.last_words = MinerError(f"{machine.name}: {sentence}")
                self._refuse(address)
        for task, was_running in reversed(tasks):
            self._losses[key_of(task)] += was_running
            if self._losses[key_of(task)] >= MOST_LOSSES:
                reason = f"{MOST_LOSSES} machines were lost while they mined it"
                failure = Outcome(task.source.path, Status.FAILED, FailureCode.WORKER_CRASHED, reason)
                yield from self._settled(self._queue.note(task, failure))
            else:
                yield from self._put_back(task)

    def _sweep(self, machine: Machine) -> None:
        """Remove the unfinished outputs of a machine whose engine has ended.

        Complete parts of segments belong to the run. Those whose results have not come look like those that
        wait for the join, so all that are left are removed at the end of the run.
        """
        folders = set()
        for task, _ in machine.tasks.values() if machine.owner else ():
            folder = output_path(self._output_root, task.source.relative, "").parent
            if isinstance(task, MineSegment):
                self._with_segments.add(folder)
            folders.add(folder)
        for folder in folders:
            sweep_machine_parts(folder, machine.owner)
