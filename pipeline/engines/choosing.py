"""Choose the engine of a network by timing the candidates, once for a network, an input size and a processor.

The choice is kept in the cache folder and used from then on, whatever the machine is doing later, so that the
results of all workers and of all runs on one machine are the same. Another choice is made if the network, its
precision, the processor or the set of candidates changes, for example because OpenVINO was installed.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.engines.candidates import Candidate
from pipeline.errors import MinerError, ModelError
from pipeline.host.logs import NOTICE
from pipeline.host.processor import this_processor
from pipeline.models.cachelock import locked
from pipeline.models.enginechoices import EngineChoice, choices_folder, keep_choice, read_choice
from pipeline.models.hash import model_sha256
from pipeline.text import printable

TIMING_LIMIT_S = 300
WORTH = 0.9
"""A candidate is taken in place of one that is preferred to it if it takes at most this share of its time."""
INT8_WORTH = 1 / 1.5
"""8-bit weights are also taken only if they take at most this share of the time of the fastest float32."""

_log = logging.getLogger(__name__)
_PROJECT_ROOT = Path(__file__).resolve().parents[2]


class Question(NamedTuple):
    """What a choice is made for.

    Args:
        files: of the network; the first names it.
        precision: as in the pipeline file.
        feeds: makes inputs for a call, by name; numpy arrays.
        input_wh: width and height of the picture in them.
        compiled: returns the file that a candidate runs; compiles it first if needed.
    """

    files: Sequence[Path]
    precision: str
    feeds: Callable[[], Mapping[str, Any]]
    input_wh: tuple[int, int]
    compiled: Callable[[Candidate], Path]


def choose(question: Question, candidates: Sequence[Candidate]) -> Candidate:
    """Return the candidate that was chosen for a network; choose it now if that has not happened yet.

    Without a cache that can be written the first candidate is returned, as no choice could be kept.

    Args:
        question: the network.
        candidates: at least one; the first is the preferred one.
    Raises: ModelError: the network cannot be compiled for the first candidate.
    """
    if len(candidates) == 1:
        return candidates[0]
    by_name = {str(candidate): candidate for candidate in candidates}
    try:
        place = _place(question, candidates)
    except RuntimeError:  # the user has no home folder
        return candidates[0]
    known = read_choice(place)
    if known is not None and known.chosen in by_name:
        return by_name[known.chosen]
    question.compiled(candidates[0])  # raises what is wrong with the network
    try:
        with locked(place.parent):
            known = read_choice(place)  # another process may have chosen meanwhile
            if known is None or known.chosen not in by_name:
                known = _chosen_now(question, candidates)
                keep_choice(place, known)
                _log.log(NOTICE, "%s", _in_words(known, candidates))
    except (MinerError, OSError) as error:
        _log.debug("no engine is chosen by its speed: %s", error)
        return candidates[0]
    return by_name[known.chosen]


def _place(question: Question, candidates: Sequence[Candidate]) -> Path:
    parts = [
        *(model_sha256(file) for file in question.files),
        question.precision,
        "{}x{}".format(*question.input_wh),
        this_processor().key,
        *map(str, candidates),
    ]
    return choices_folder() / f"{hashlib.sha256(' '.join(parts).encode()).hexdigest()}.json"


def _chosen_now(question: Question, candidates: Sequence[Candidate]) -> EngineChoice:
    measured = _measured(question, candidates)
    best = fastest(measured, candidates)
    return EngineChoice(
        network=printable(question.files[0].name),
        precision=question.precision,
        input_wh=question.input_wh,
        processor=this_processor().name,
        chosen=str(best),
        measured=measured,
        made=datetime.date.today().isoformat(),
    )


def fastest(measured: Mapping[str, float | str], candidates: Sequence[Candidate]) -> Candidate:
    """The candidate that is worth its place: the first, or a later one that is enough faster."""
    answers = ((candidate, measured.get(str(candidate))) for candidate in candidates)
    times = {candidate: took for candidate, took in answers if isinstance(took, float)}
    best = candidates[0]
    floats = [took for candidate, took in times.items() if candidate.precision == "float32"]
    for candidate in times:
        bound = WORTH * times[best] if best in times else float("inf")
        if candidate.precision == "int8" and floats:
            bound = min(bound, INT8_WORTH * min(floats))
        if times[candidate] <= bound:
            best = candidate
    return best


def time_of_fastest(question: Question, candidates: Sequence[Candidate]) -> float:
    """Measure the CPU time of one call in the candidate that `choose` would take, ms; keeps no choice.

    Raises: ModelError: no candidate runs the network.
    """
    measured = _measured(question, candidates)
    took = measured[str(fastest(measured, candidates))]
    if isinstance(took, str):
        raise ModelError(f"{printable(question.files[0])}: its speed cannot be measured: {took}")
    return took


def _measured(question: Question, candidates: Sequence[Candidate]) -> dict[str, float | str]:
    """Time the candidates; see `timing.measure`. If that fails as a whole, each has the reason."""
    import numpy as np

    from pipeline.engines.timing import FEEDS_FILE, JOB_FILE

    jobs: list[tuple[str, ...]] = []
    left_out: dict[str, float | str] = {}
    for candidate in candidates:
        try:
            file = question.compiled(candidate)
        except ModelError as error:
            left_out[str(candidate)] = str(error)[:300]
        else:
            jobs.append((str(candidate), candidate.engine, candidate.precision, os.fspath(file)))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, JOB_FILE).write_text(json.dumps(jobs), encoding="ascii")
        np.savez(Path(folder, FEEDS_FILE), **question.feeds())
        return left_out | _answer(folder, [job[0] for job in jobs])


def _answer(folder: str, names: Sequence[str]) -> dict[str, float | str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_PROJECT_ROOT), os.environ.get("PYTHONPATH")))),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "pipeline.engines.timing", str(os.getpid()), folder],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMING_LIMIT_S,
            check=False,
        )
        if done.returncode in (-signal.SIGINT, -signal.SIGTERM, -signal.SIGHUP):
            raise MinerError("timing was interrupted")
        answer: dict[str, float | str] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return dict.fromkeys(names, f"timing took longer than {TIMING_LIMIT_S} s")
    except ValueError:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        return dict.fromkeys(names, f"timing ended with {done.returncode}: {printable(said[-1])[:200]}")
    return answer


def _in_words(choice: EngineChoice, candidates: Sequence[Candidate]) -> str:
    """One line: what was chosen, and the CPU time of each candidate."""
    times = [
        f"{candidate.words} {took:.1f} ms"
        for candidate in candidates
        if isinstance(took := choice.measured.get(str(candidate)), float)
    ]
    words = {str(candidate): candidate.words for candidate in candidates}
    measured = f" ({', '.join(times)} of CPU a picture)" if times else ""
    return f"{choice.network}: runs in {words[choice.chosen]} from now on{measured}"
