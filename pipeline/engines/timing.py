"""Measures how fast engines run a network; run as a process of its own.

python -m pipeline.engines.timing PARENT_PID FOLDER

FOLDER holds `job.json`, see `Job`, and `feeds.npz`, the network's inputs by name. The answer, on standard
output, is a JSON object: a candidate's name -> the CPU time of one call, ms, or why it is left out.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.host.libraries import configure
from pipeline.host.parentdeath import die_with_parent
from pipeline.host.tuning import limit_numpy_threads

Array = NDArray[Any]
Call = Callable[[], Sequence[Array]]

JOB_FILE, FEEDS_FILE = "job.json", "feeds.npz"
MOST_ROUNDS = 9
FEWEST_ROUNDS = 2
ENOUGH_S = 2.5
"""No round begins later than this."""
MOST_DIFFERENCE = {"float32": 1e-3, "bf16": 0.25, "int8": 0.25}
"""Precision -> how far outputs may be from the first candidate's, as a share of their range."""


class Job(NamedTuple):
    """One candidate.

    Args:
        name: for the answer.
        engine, precision: see `Candidate`.
        file: the network, compiled for that engine.
    """

    name: str
    engine: str
    precision: str
    file: str


def measure(jobs: Sequence[Job], feeds: Mapping[str, Array]) -> dict[str, float | str]:
    """Run the candidates in turns; returns the median CPU time of one call of each, or why it is left out.

    Args:
        jobs: the first one's outputs are those that the others' are compared with.
        feeds: the network's inputs, by name.
    """
    answer: dict[str, float | str] = {}
    calls: dict[str, Call] = {}
    expected: Sequence[Array] | None = None
    for job in jobs:
        try:
            call = _loaded(job, feeds)
            outputs = call()
        except Exception as error:  # whatever an engine raises, the others can run the network
            answer[job.name] = f"fails: {' '.join(str(error).split())[:200]}"
            continue
        expected = outputs if expected is None else expected
        if (difference := _difference(outputs, expected)) > MOST_DIFFERENCE[job.precision]:
            answer[job.name] = f"its outputs differ by {difference:.2g} of their range"
        else:
            calls[job.name] = call
    return answer | _timed(calls)


def _timed(calls: Mapping[str, Call]) -> dict[str, float | str]:
    """The median CPU time of each, ms."""
    took: dict[str, list[float]] = {name: [] for name in calls}
    until = time.monotonic() + ENOUGH_S
    for rounds in range(MOST_ROUNDS):
        if rounds >= FEWEST_ROUNDS and time.monotonic() > until:
            break
        for name, call in calls.items():
            began = time.process_time()
            call()
            took[name].append(1000 * (time.process_time() - began))
    return {name: round(statistics.median(times), 3) for name, times in took.items()}


def _difference(outputs: Sequence[Array], expected: Sequence[Array]) -> float:
    """The greatest difference as a share of an output's range; infinite if shapes differ or NaN occurs."""
    if [one.shape for one in outputs] != [one.shape for one in expected]:
        return float("inf")
    greatest = 0.0
    for one, other in zip(outputs, expected, strict=True):
        reach = float(np.ptp(other)) if other.size else 0.0
        apart = float(np.abs(one.astype(np.float64) - other).max(initial=0.0))
        share = apart / reach if reach else (float("inf") if apart else 0.0)
        greatest = max(greatest, share if np.isfinite(share) else float("inf"))
    return greatest


def _loaded(job: Job, feeds: Mapping[str, Array]) -> Call:
    """A call of the network in its engine."""
    if job.engine == "litert":
        from pipeline.engines.litert import LiteRtEngine

        (image,) = feeds.values()
        litert = LiteRtEngine(Path(job.file))
        return lambda: litert.run(image)
    if job.engine == "opencv":
        import cv2

        cv2.setNumThreads(1)
        network = cv2.dnn.readNetFromONNX(np.fromfile(job.file, dtype=np.uint8))
        (blob,) = feeds.values()

        names = network.getUnconnectedOutLayersNames()

        def call() -> Sequence[Array]:
            """As OpenCV's FaceRecognizerSF does it."""
            network.setInput(blob)
            return [output.copy() for output in network.forward(names)]

        return call
    if job.engine == "onnxruntime":
        from pipeline.engines.onnxruntime import as_model, open_session

        session = open_session(as_model(job.file), "cpu", False)
        return lambda: list(session.run(None, dict(feeds)))
    from pipeline.engines.openvino import OpenVinoModel

    model = OpenVinoModel(Path(job.file), job.precision)
    return lambda: model.infer(feeds)


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    parent_pid, folder = arguments
    die_with_parent(int(parent_pid))
    configure()
    limit_numpy_threads()
    answer_pipe = os.dup(1)
    os.dup2(2, 1)  # engines print on standard output
    jobs = [Job(*fields) for fields in json.loads(Path(folder, JOB_FILE).read_bytes())]
    with np.load(Path(folder, FEEDS_FILE)) as kept:
        feeds = {name: kept[name] for name in kept.files}
    with open(answer_pipe, "w", encoding="utf-8") as stream:
        json.dump(measure(jobs, feeds), stream)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
