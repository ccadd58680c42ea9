"""How many workers to start, and how much memory each may take: as many as cores and free memory allow."""

from __future__ import annotations

import os
from typing import NamedTuple

from pipeline.catalog import load_class
from pipeline.config.values import PipelineConfig

WORKER_BYTES = 250_000_000
"""A worker's libraries, two copies of a 12-megapixel photo, and the decoders' own buffers."""
BYTES_A_MODEL_BYTE = 2
"""A model in memory: its weights, and about as much for its inputs and intermediate results."""
LEFT_FREE = 0.2
"""The share of the free memory that is left to other programs."""
LEAST_BOUND_BYTES = 2_000_000_000
"""How much a worker may always allocate in addition to its models. The largest photo that --max-megapixels
allows by default needs more than half of it."""


class Capacity(NamedTuple):
    """The number of workers, the reason for it, and a worker's limit on memory.

    Args:
        workers: at most, 1 or more.
        sentence: which of cores, memory and the command line decided, for the log.
        memory_bytes: how much each worker may allocate so that the machine does not run out; None if unknown.
    """

    workers: int
    sentence: str
    memory_bytes: int | None


def worker_bytes(config: PipelineConfig) -> int:
    """An estimate of the memory that one worker with this pipeline takes."""
    models = 0
    for component in config.components:
        for file in load_class(component.target).model_files(component.params):
            try:
                models += os.stat(file).st_size
            except OSError:  # loading the component will say so
                continue
    return WORKER_BYTES + BYTES_A_MODEL_BYTE * models


def capacity(asked: int | None, cores: int, free: int | None, a_worker: int) -> Capacity:
    """Decide how many workers to start at most.

    Args:
        asked: the number on the command line, which is used as it is; None if there is none.
        cores: how many this process may use.
        free: bytes of memory that this process may still take; None if unknown.
        a_worker: bytes that one worker takes.
    """
    ours = None if free is None else int(free * (1 - LEFT_FREE))
    fitting = None if ours is None else max(1, ours // a_worker)

    def bounded(workers: int, sentence: str) -> Capacity:
        """A capacity of so many workers, with the limit for each."""
        bound = None if ours is None else max(ours // workers, LEAST_BOUND_BYTES + a_worker)
        return Capacity(workers, f"{_workers(workers)}{sentence}", bound)

    memory = "unknown" if free is None else f"{free / 1e6:,.0f} MB free, {a_worker / 1e6:,.0f} MB a worker"
    if asked is not None:
        beyond = fitting is not None and asked > fitting
        warning = f", more than fit into memory ({memory})" if beyond else ""
        return bounded(asked, f", as --workers says{warning}")
    if fitting is None or cores <= fitting:
        return bounded(cores, f": cores decide ({cores} usable; memory: {memory})")
    return bounded(fitting, f": memory decides ({memory}; {cores} usable cores)")


def _workers(count: int) -> str:
    return "up to 1 worker" if count == 1 else f"up to {count} workers"
