"""The executor that has a run's sources mined by the machines of a cluster."""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import socket
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace

from cluster.address import ClusterAddress, parse_address
from cluster.certificates import find_certificates
from cluster.claims import claims_of
from cluster.conversation import Event
from cluster.dasksettings import import_distributed
from cluster.fleet import Fleet
from cluster.link import Link
from cluster.local import local_machines
from cluster.messages import Begin, Setup, framed
from cluster.reach import wait_until_reachable
from cluster.roots import Roots, pack
from cluster.shards import Lookahead
from cluster.storage import LATE_S, marked
from pipeline.errors import MinerError
from pipeline.host.command import command
from pipeline.outcome import Outcome
from pipeline.runs.options import Options
from pipeline.source import Source
from pipeline.videos.progress import OnVideo
from pipeline.workers.messages import WorkerSettings
from pipeline.workers.queue import TaskQueue

SCHEDULER_S = 10.0
"""How long a run waits for the scheduler, which may be starting at the same time."""
FIRST_MACHINE_S = 60.0
"""How long a run waits for its first machine."""
NO_MACHINE_S = 180.0
"""How long a run waits for another machine when it has lost all."""
UNWILLING_S = 5.0
"""How long a run waits for another machine when all that are there cannot mine for it."""
STOP_S = 6.0
"""How long a run that was stopped waits for photos in progress."""
_POLL_S = 0.2
_PLANNED_AT_ONCE = 100


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
        self._stops = 0
        self._stop_ends = float("inf")
        self._alone_since = time.monotonic()
        self._had_machine = False

    def stop(self) -> None:
        """As `Executor.stop`; after the first call, photos in progress get some seconds to finish."""
        self._stops += 1
        self._stop_ends = time.monotonic() + STOP_S if self._stops == 1 else 0.0

    def mine(self, sources: Iterable[Source]) -> Generator[Outcome, None, None]:
        """As `Executor.mine`. Without anything to mine, the cluster is not asked for."""
        ahead = Lookahead(iter(sources))
        with contextlib.closing(TaskQueue(ahead, self._on_video)) as queue:
            first = queue.next()
            if first is None:
                return
            queue.put_back(first)
            self._fleet = Fleet(
                queue,
                ahead,
                self._roots,
                self._settings.output_root,
                lambda address: self._link.refuse(address),
            )
            with self._linked(first.source):
                yield from self._run(ahead)
            self._fleet.reveal(0.0 if self._stops else LATE_S)

    @contextlib.contextmanager
    def _linked(self, sample: Source) -> Iterator[None]:
        """Connect to the machines.

        Raises: MinerError: there are no certificates, no scheduler, or OUTPUT cannot be written.
        """
        import_distributed()  # says so in a sentence if it is not installed
        with contextlib.ExitStack() as stack:
            files, scheduler = None, self._address.scheduler
            if scheduler is None:
                scheduler, files = stack.enter_context(local_machines(self._address.local))
            elif self._address.is_encrypted:
                files = find_certificates(self._options.certificates)
            wait_until_reachable(scheduler, files, SCHEDULER_S, lambda: self._stops > 0)
            claims = claims_of(self._settings.config)
            marker = stack.enter_context(marked(self._settings.output_root, self._is_clean))
            with contextlib.suppress(OSError):  # it may have grown since the walk
                size = os.stat(sample.path).st_size
                sample = replace(sample, stamp=sample.stamp._replace(size_bytes=size))
            setup = Setup(
                self._settings,
                claims,
                marker,
                sample,
                self._options.workers,
                self._options.timeout_s,
            )
            begin = framed(Begin(self._roots, pack(setup, self._roots)))
            label = f"process {os.getpid()} on {socket.gethostname()}"
            self._link = Link(scheduler, files, secrets.token_hex(8), label, begin)
            stack.enter_context(self._link)
            yield

    def _is_clean(self) -> bool:
        """Remove the machines' unfinished outputs; return whether all machines have ended."""
        self._fleet.sweep()
        return self._link.all_ended

    def _run(self, ahead: Lookahead) -> Iterator[Outcome]:
        self._alone_since = time.monotonic()
        while True:
            ahead.fill(_PLANNED_AT_ONCE)
            if self._stops:
                self._fleet.stop(self._stops)
                if not self._fleet.machines or time.monotonic() >= self._stop_ends:
                    return
            elif self._fleet.hand_out():
                return
            self._check_company()
            for event in self._events():
                yield from self._fleet.on_event(event)
            self._fleet.rates.log([machine.name for machine in self._fleet.machines.values()])

    def _events(self) -> Iterator[Event]:
        """The events that have come; waits for a while if there are none."""
        events = self._link.events
        with contextlib.suppress(queue.Empty):
            yield events.get(timeout=_POLL_S)
            while True:
                yield events.get_nowait()

    def _check_company(self) -> None:
        """Give up if there is no machine for too long; those that mine for another run are waited for.

        Raises: MinerError: there is none.
        """
        now = time.monotonic()
        if self._fleet.machines:
            self._alone_since, self._had_machine = now, True
            return
        if self._fleet.waiting:
            self._alone_since = now
            return
        lonely_s = now - self._alone_since
        if self._fleet.last_words is not None and self._link.all_refuse and lonely_s > UNWILLING_S:
            raise self._fleet.last_words
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
        raise MinerError(
            f"{place}: no machine has been there for {patience_s:.0f} s; start machines with "
            f"{command('visualminer-cluster')} worker, and then this run, which goes on where it was"
        )
