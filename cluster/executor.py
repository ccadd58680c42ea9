"""The executor that has a run's sources mined by the machines of a cluster."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import queue
import secrets
import socket
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace

from cluster.address import ClusterAddress, parse_address
from cluster.certificates import find_certificates
from cluster.claims import claims_of
from cluster.conversation import Conversation, Event, Heard, Lost, Waits
from cluster.link import Link
from cluster.local import local_machines
from cluster.machine import Machine
from cluster.messages import Begin, Done, FramesRead, FromEngine, Over, Packed, Ready, Setup, framed
from cluster.reach import check_reachable
from cluster.roots import Roots, pack, unpack
from cluster.shards import Costs, Lookahead, shard_s
from cluster.storage import is_readable, marked
from pipeline.errors import ExitCode, FailureCode, MinerError
from pipeline.files.outputs import output_path, sweep_machine_parts
from pipeline.outcome import Outcome, Status
from pipeline.runs.options import Options
from pipeline.source import Source
from pipeline.tasks import Result, Task, key_of
from pipeline.videos.progress import OnVideo
from pipeline.workers.messages import LogLine, WorkerSettings
from pipeline.workers.queue import TaskQueue

FIRST_MACHINE_S = 60.0
"""How long a run waits for its first machine."""
NO_MACHINE_S = 180.0
"""How long a run waits for another machine when it has lost all."""
UNWILLING_S = 5.0
"""How long a run waits for another machine when all that are there cannot mine for it."""
STOP_S = 6.0
"""How long a run that was stopped waits for photos in progress."""
MOST_LOSSES = 3
"""A file has failed when so many machines were lost while they mined it."""
MOST_STRIKES = 3
"""A machine is set aside when it cannot read so many files that the coordinator can read, and mined none
between them. One such file is tried so often."""
MOST_CRASHES = 3
"""A machine is set aside when it was lost so often and finished no task between."""
_POLL_S = 0.2
_PLANNED_AT_ONCE = 100
_HAND_OUT_S = 0.5
_UNREADABLE = (FailureCode.VANISHED, FailureCode.UNREADABLE)
_log = logging.getLogger(__name__)


def cluster_executor(
    settings: WorkerSettings, options: Options, input_root: str, on_video: OnVideo
) -> ClusterExecutor:
    """The executor of a run with `--cluster`.

    Args:
        settings: what each worker is started with.
        options: of the run.
        input_root: the folder that inputs' paths are relative to, absolute.
        on_video: called as videos are mined.
    Raises: UsageError: the value of `--cluster` is none.
    """
    pipeline_root = os.path.dirname(os.path.abspath(options.pipeline))
    roots = Roots.of(input_root, str(settings.output_root), pipeline_root)
    return ClusterExecutor(settings, parse_address(options.cluster or ""), options, roots, on_video)


class ClusterExecutor:
    """An `Executor` over the machines of a cluster, which join and leave at any time.

    Each machine gets tasks for the next seconds and mines them with a worker pool of its own. The unfinished
    tasks of a machine that is lost go to the others.

    Args:
        settings: what each worker is started with.
        address: where the machines are.
        options: of the run.
        roots: the run's folders.
        on_video: called as videos are mined.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        address: ClusterAddress,
        options: Options,
        roots: Roots,
        on_video: OnVideo,
    ) -> None:
        self._on_video = on_video
        self._settings, self._address, self._options, self._roots = settings, address, options, roots
        self._machines: dict[Conversation, Machine] = {}
        self._hosts: Counter[str] = Counter()
        self._costs = Costs()
        self._numbers = itertools.count(1)
        self._losses: Counter[tuple[str, str, int]] = Counter()
        self._suspicions: Counter[str] = Counter()
        self._crashes: Counter[str] = Counter()
        self._waiting: set[str] = set()
        self._logged_once: set[LogLine] = set()
        self._last_words: tuple[str, ExitCode] | None = None
        self._stops = 0
        self._stop_ends = float("inf")
        self._alone_since = time.monotonic()
        self._had_machine = False

    def stop(self) -> None:
        """As `Executor.stop`; after the first call, photos in progress may go on for some seconds."""
        self._stops += 1
        self._stop_ends = time.monotonic() + STOP_S if self._stops == 1 else 0.0

    def mine(self, sources: Iterable[Source]) -> Generator[Outcome, None, None]:
        """As `Executor.mine`. Without anything to mine, the cluster is not asked for."""
        self._ahead = Lookahead(iter(sources))
        with contextlib.closing(TaskQueue(self._ahead, self._on_video)) as self._queue:
            first = self._queue.next()
            if first is None:
                return
            self._queue.put_back(first)
            with self._linked(first.source) as self._link:
                yield from self._run()

    @contextlib.contextmanager
    def _linked(self, sample: Source) -> Iterator[Link]:
        """Open the way to the machines.

        Raises: MinerError: there are no certificates, no scheduler, or OUTPUT cannot be written.
        """
        with contextlib.ExitStack() as stack:
            files, scheduler = None, self._address.scheduler
            if scheduler is None:
                scheduler, files = stack.enter_context(local_machines(self._address.local))
            elif self._address.is_encrypted:
                files = find_certificates(self._options.certificates)
            check_reachable(scheduler, files)
            marker = stack.enter_context(marked(self._settings.output_root))
            with contextlib.suppress(OSError):  # it may have grown since the walk
                size = os.stat(sample.path).st_size
                sample = replace(sample, stamp=sample.stamp._replace(size_bytes=size))
            setup = Setup(
                self._settings,
                claims_of(self._settings.config),
                marker,
                sample,
                self._options.workers,
                self._options.timeout_s,
            )
            begin = framed(Begin(self._roots, pack(setup, self._roots)))
            label = f"process {os.getpid()} on {socket.gethostname()}"
            yield stack.enter_context(Link(scheduler, files, secrets.token_hex(8), label, begin))

    def _run(self) -> Iterator[Outcome]:
        self._alone_since = time.monotonic()
        while True:
            self._ahead.fill(_PLANNED_AT_ONCE)
            is_over = self._hand_out()
            if is_over or self._is_stopped():
                return
            self._check_company()
            for event in self._events():
                yield from self._on_event(event)

    def _is_stopped(self) -> bool:
        if not self._stops:
            return False
        for machine in self._machines.values():
            machine.conversation.stop(self._stops)
        return not self._machines or time.monotonic() >= self._stop_ends

    def _events(self) -> Iterator[Event]:
        """What has come, after a while if nothing has."""
        events = self._link.events
        with contextlib.suppress(queue.Empty):
            yield events.get(timeout=_POLL_S)
            while True:
                yield events.get_nowait()

    def _check_company(self) -> None:
        """Give up if there has been no machine for long.

        Raises: MinerError: there is none.
        """
        now = time.monotonic()
        if self._machines:
            self._alone_since, self._had_machine = now, True
            return
        lonely_s = now - self._alone_since
        if self._last_words is not None and self._link.all_refuse and lonely_s > UNWILLING_S:
            error = MinerError(self._last_words[0])
            error.exit_code = self._last_words[1]
            raise error
        patience_s = NO_MACHINE_S if self._had_machine else FIRST_MACHINE_S
        if lonely_s < patience_s:
            return
        place = self._address.scheduler or f"local:{self._address.local}"
        reached_at = self._link.reached_at
        if reached_at is None or now - reached_at > patience_s / 2:
            raise MinerError(
                f"{place}: the scheduler has not answered for {patience_s:.0f} s; start it again, and then "
                "this run, which goes on where it was"
            )
        waiting = f"; machines that wait for other runs: {len(self._waiting)}" if self._waiting else ""
        raise MinerError(
            f"{place}: no machine has been there for {patience_s:.0f} s{waiting}; start machines with "
            "visualminer-cluster worker, and then this run, which goes on where it was"
        )

    def _hand_out(self) -> bool:
        """Give tasks to machines that need some; whether all is done."""
        given: dict[Machine, list[Packed]] = {}
        ready = [machine for machine in self._machines.values() if machine.workers]
        is_empty, until = False, time.monotonic() + _HAND_OUT_S
        speed = sum(machine.speed for machine in ready)
        wanted_s = shard_s(self._ahead.remaining_s(self._costs), speed)
        needy = [machine for machine in ready if machine.needs_more(wanted_s)]
        while needy and not self._stops and time.monotonic() < until:
            task = self._queue.next()
            if task is None:
                is_empty = True
                break
            machine = min(needy, key=lambda one: one.backlog_s)
            number = next(self._numbers)
            machine.add(number, task, self._costs.expected_s(task))
            given.setdefault(machine, []).append((number, pack(task, self._roots)))
            if not machine.needs_more(wanted_s):
                needy.remove(machine)
        for machine in ready:
            machine.conversation.give(given.get(machine, []), is_fed=machine.is_fed)
        return is_empty and not any(machine.tasks for machine in self._machines.values())

    def _on_event(self, event: Event) -> Iterator[Outcome]:
        match event:
            case Heard(speaker, messages, running):
                machine = self._machine_of(speaker)
                machine.running = running
                for message in messages:
                    yield from self._on_message(machine, message)
            case Waits(speaker, sentence):
                if speaker.address not in self._waiting:
                    self._waiting.add(speaker.address)
                    _log.warning("%s: %s; it joins when that is over", speaker.host, sentence)
            case Lost(speaker, sentence, is_refusal):
                machine = self._machine_of(speaker)
                yield from self._on_lost(machine, sentence, is_refusal=is_refusal)

    def _machine_of(self, speaker: Conversation) -> Machine:
        if speaker not in self._machines:
            host = speaker.host or speaker.address
            self._hosts[host] += 1
            count = self._hosts[host]
            self._machines[speaker] = Machine(speaker, host if count == 1 else f"{host}#{count}")
            self._waiting.discard(speaker.address)
        return self._machines[speaker]

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
            case FramesRead(number, frames):
                if number in machine.tasks:
                    self._queue.note_frames(machine.tasks[number][0], frames)
            case LogLine():
                self._log_line(machine, message)
            case Over(sentence, exit_code, owner):
                machine.owner = owner or machine.owner
                if sentence:
                    self._last_words = f"{machine.name}: {sentence}", exit_code

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
        self._costs.learn(task, result)
        yield from self._settled(self._queue.note(task, result), machine)

    def _set_aside(self, machine: Machine) -> Iterator[Outcome]:
        """Have no more mined by a machine without the storage of INPUT."""
        sentence = "it cannot read files of INPUT that can be read here; mount the storage of INPUT there"
        self._last_words = f"{machine.name}: {sentence}", ExitCode.ENVIRONMENT
        machine.conversation.end()
        self._link.refuse(machine.conversation.address)
        yield from self._on_lost(machine, sentence, is_refusal=True)

    def _settled(self, outcome: Outcome | None, machine: Machine | None = None) -> Iterator[Outcome]:
        if outcome is not None:
            yield outcome if machine is None else replace(outcome, machine=machine.name)

    def _put_back(self, task: Task) -> Iterator[Outcome]:
        yield from self._settled(self._queue.put_back(task))

    def _on_lost(self, machine: Machine, sentence: str, *, is_refusal: bool) -> Iterator[Outcome]:
        """Give the tasks of a machine to others."""
        if self._machines.pop(machine.conversation, None) is None:
            return
        address, tasks = machine.conversation.address, machine.take_all()
        if sentence and not self._stops:
            then = f"; its {len(tasks):,} tasks go to others" if tasks else ""
            machine.log(logging.WARNING, "%s%s", sentence, then)
        if not is_refusal:
            self._crashes[address] += 1
            if self._crashes[address] >= MOST_CRASHES:
                self._last_words = f"{machine.name}: {sentence}", ExitCode.ENVIRONMENT
                self._link.refuse(address)
        folders = {
            output_path(self._settings.output_root, task.source.relative, "").parent for task, _ in tasks
        }
        for folder in folders if machine.owner else ():
            sweep_machine_parts(folder, machine.owner)
        for task, was_running in reversed(tasks):
            self._losses[key_of(task)] += was_running
            if self._losses[key_of(task)] >= MOST_LOSSES:
                reason = f"{MOST_LOSSES} machines were lost while they mined it"
                failure = Outcome(task.source.path, Status.FAILED, FailureCode.WORKER_CRASHED, reason)
                yield from self._settled(self._queue.note(task, failure))
            else:
                yield from self._put_back(task)
