"""Fetch the network that `default` is on this machine; it is chosen by its speed, once."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import ModelError, OutputError
from pipeline.host.processor import this_processor
from pipeline.models.catalog import BETTER_DEFAULTS, DEFAULT, STANDS_FOR, NamedModel, find_model
from pipeline.models.defaultchoice import DefaultChoice, in_words, keep_default, read_default
from pipeline.models.fetch import Say, fetch, fetch_first
from pipeline.models.fetched import first_here, model_folder

MOST_MS = 25.0
"""CPU time of one call on one core that the default may take at most."""
_STEP = 3.0
"""Each network of `BETTER_DEFAULTS` takes at least as many times as long as the one before it (measured: 4.2
and 3.8). One that cannot be fast enough is not fetched."""


def fetch_default(say: Say, milliseconds: Callable[[Path], float], *, again: bool = False) -> NamedModel:
    """Fetch the network that was chosen before; choose it now if none was.

    The most accurate network that takes at most `MOST_MS` is chosen: the first of `default` if it can be
    fetched, or one of `BETTER_DEFAULTS`. A choice is kept if each network that may be fast enough was
    measured and the cache folder can be written; else the next `fetch default` chooses.

    Args:
        say: see `fetch`.
        milliseconds: measures the CPU time of one call of the network in an ONNX file, ms.
        again: choose again, even if a choice was kept.
    Raises: ModelError, OutputError: as `fetch_first`.
    """
    known = None if again else read_default()
    if known is not None:
        model = find_model(known.model)
        fetch(model, say)
        say(f"{DEFAULT}: it is {model.name}, chosen on {known.made} ({in_words(known.measured)})")
        return model
    before = _before()
    model = fetch_first(DEFAULT, say)
    if model.name != STANDS_FOR[DEFAULT][0]:
        return _meant(say, f"{STANDS_FOR[DEFAULT][0]} is not available") if again else model
    try:
        model, measured = _fastest_enough(model, say, milliseconds)
        today = datetime.date.today().isoformat()
        processor = this_processor().name
        keep_default(DefaultChoice(model=model.name, measured=measured, processor=processor, made=today))
    except (ModelError, OutputError) as error:  # OutputError: the cache may be read-only, in a container
        return _meant(say, str(error))
    is_fast = measured[model.name] <= MOST_MS
    why = (
        f"the most accurate that takes at most {MOST_MS:g} ms of CPU a picture" if is_fast else "the fastest"
    )
    say(f"{DEFAULT}: it is {model.name}, {why} here ({in_words(measured)})")
    if before not in (None, model.name):
        say(f"{DEFAULT}: it was {before}, so the next run mines everything again")
    return model


def _fastest_enough(
    first: NamedModel, say: Say, milliseconds: Callable[[Path], float]
) -> tuple[NamedModel, dict[str, float]]:
    """Go to better networks as long as they are fast enough; returns the last of them, and what was measured.

    Raises: ModelError: one that may be fast enough cannot be fetched or measured.
    """
    measured: dict[str, float] = {}
    best = first
    for name in (first.name, *BETTER_DEFAULTS):
        model = find_model(name)
        if model is not first:
            fetch(model, say)
        measured[name] = milliseconds(_file_of(model))
        if measured[name] <= MOST_MS:
            best = model
        if measured[name] * _STEP > MOST_MS:
            break
    return best, measured


def _meant(say: Say, why: str) -> NamedModel:
    """What `default` means without a new choice; says that none is made, and why."""
    name = first_here(DEFAULT) or STANDS_FOR[DEFAULT][0]
    say(f"{DEFAULT}: it is {name} until you fetch it again, as none can be chosen now: {why}")
    return find_model(name)


def _before() -> str | None:
    """What `default` was until now, as far as that is known."""
    with contextlib.suppress(ModelError):
        return first_here(DEFAULT)
    return None


def _file_of(model: NamedModel) -> Path:
    (name,) = model.files
    return model_folder(model.name) / name
