"""When to give up because workers die before they are ready."""

from __future__ import annotations

import logging

from pipeline.errors import MinerError
from pipeline.workers.handle import WorkerExit, WorkerState

MAX_FAILED_LOADS = 5
"""So many workers in a row may crash while they load the pipeline, if none has ever loaded it."""
MAX_FAILED_STARTS = 25
"""If one has, the models are good, and whatever kills workers may stop. The same goes for workers that are
killed and do not crash, or that die before they load."""

_log = logging.getLogger(__name__)


class StartFailures:
    """Counts workers that died before they were ready, one after the other.

    Workers that were to be forked are not counted: their template's failures are, see `WorkerTemplate`.
    """

    def __init__(self) -> None:
        self._starts = self._loads = 0
        self._has_loaded = False

    def on_ready(self) -> None:
        """A worker is ready: count from 0 again."""
        self._starts = self._loads = 0
        self._has_loaded = True

    def on_exit(self, state: WorkerState, ending: WorkerExit) -> None:
        """A worker has died.

        Args:
            state: what it was doing, `STARTING` or `LOADING`.
            ending: how it ended.
        Raises: MinerError: too many did in a row.
        """
        doing = "loading" if state is WorkerState.LOADING else "starting"
        _log.warning("while it was %s, a worker %s", doing, ending.how)
        self._starts += 1
        self._loads += state is WorkerState.LOADING and not ending.was_killed
        never_loads = self._loads >= MAX_FAILED_LOADS and not self._has_loaded
        if never_loads or self._starts >= MAX_FAILED_STARTS:
            count = self._loads if never_loads else self._starts
            raise MinerError(f"{count} workers in a row died while {doing}; the last {ending.how}")
