"""The interface through which a run has its sources mined, and an implementation without worker processes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable
from typing import Protocol

from pipeline.host.libraries import configure_imaging
from pipeline.host.processes import set_niceness
from pipeline.outcome import Outcome
from pipeline.pipeline import Pipeline
from pipeline.source import Source
from pipeline.tasks import Task, run_task
from pipeline.videos.progress import OnVideo, ignore
from pipeline.workers.messages import WorkerSettings
from pipeline.workers.queue import TaskQueue
from pipeline.workers.sending import FrameCounter


class Executor(Protocol):
    """Mines sources, in worker processes or in this process."""

    def mine(self, sources: Iterable[Source]) -> Generator[Outcome, None, None]:
        """Mine all sources and yield one outcome for each, in any order. Closed early, it drops the rest.

        Raises: MinerError: the run cannot go on.
        """

    def stop(self) -> None:
        """Hand out no more tasks; called a second time, drop those in progress. Safe in a signal handler."""


class SerialExecutor:
    """Mines in this process, for `--workers 0` and a debugger: without timeouts, and a crash ends the run.

    Args:
        settings: as for a worker process.
        on_video: called as videos are mined.
    """

    def __init__(self, settings: WorkerSettings, on_video: OnVideo = ignore) -> None:
        self._settings = settings
        self._on_video = on_video
        self._stopping = False

    def mine(self, sources: Iterable[Source]) -> Generator[Outcome, None, None]:
        """As `Executor.mine`, in the order of the sources."""
        pipeline = None
        with contextlib.closing(TaskQueue(sources, self._on_video)) as queue:
            while not self._stopping and (task := queue.next()) is not None:
                pipeline = pipeline or self._load_pipeline()
                result = run_task(pipeline, task, self._settings.run_pid, self._frame_counter(queue, task))
                if (outcome := queue.note(task, result)) is not None:
                    yield outcome

    def _frame_counter(self, queue: TaskQueue, task: Task) -> Callable[[], None]:
        """What is called after each frame of a task."""
        count = FrameCounter(lambda frames: queue.note_frames(task, frames))

        def on_frame() -> None:
            self._check_stopped()
            count()

        return on_frame

    def _load_pipeline(self) -> Pipeline:
        set_niceness(self._settings.nice)
        configure_imaging()
        pipeline = Pipeline(self._settings.config, self._settings.output_root, self._settings.limits)
        pipeline.load()
        return pipeline

    def stop(self) -> None:
        """As `Executor.stop`.

        Raises: KeyboardInterrupt: called a second time, to leave the task in progress and drop its outputs.
        """
        if self._stopping:
            raise KeyboardInterrupt
        self._stopping = True

    def _check_stopped(self) -> None:
        """Leave a video after `stop`: the next run mines it from its beginning, whatever is done of it."""
        if self._stopping:
            raise KeyboardInterrupt
