"""How many workers a machine can carry: bounded by its cores and by its free memory."""

from __future__ import annotations

import os
from typing import NamedTuple

from pipeline.catalog import load_class
from pipeline.config.values import PipelineConfig

WORKER_BYTES = 250_000_000
"""A worker's libraries, two copies of a 12-megapixel photo, and what the decoders need beside them."""
BYTES_A_MODEL_BYTE = 2
"""A model in memory: its weights, and about as much for what flows through it."""
LEFT_FREE = 0.2
"""This share of the free memory is left to others."""


LEAST_BOUND_BYTES = 2_000_000_000
"""A worker may always allocate so much beside its models: the largest photo that --max-megapixels allows by
default needs more than half of it."""


class Capacity(NamedTuple):
    """How many workers there may be, which bound decided, and how far each may go.

    Args:
        workers: at most.
        sentence: which of cores, memory and the command line decided, for the log.
        memory_bytes: what each may allocate, so that all together leave the machine alive; None for unknown.
    """

    workers: int
    sentence: str
    memory_bytes: int | None


def worker_bytes(config: PipelineConfig) -> int:
    """About how much memory one worker with this pipeline takes."""
    models = 0
    for component in config.components:
        for file in load_class(component.target).model_files(component.params):
            try:
                models += os.stat(file).st_size
            except OSError:  # loading it will say so
                continue
    return WORKER_BYTES + BYTES_A_MODEL_BYTE * models


def capacity(asked: int | None, cores: int, free: int | None, a_worker: int) -> Capacity:
    """The number of workers to start at most.

    Args:
        asked: what the command line says, which is obeyed; None for nothing.
        cores: that this process may use.
        free: bytes of memory that it may still take; None for unknown.
        a_worker: bytes that one worker takes.
    """
    ours = None if free is None else int(free * (1 - LEFT_FREE))
    fitting = None if ours is None else max(1, ours // a_worker)

    def bounded(workers: int, sentence: str) -> Capacity:
        """So many workers, and what each may allocate then."""
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
