"""Which engine runs which network on this machine: choices that were made once, kept in the cache folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import MinerError
from pipeline.files.cachefolder import cache_folder
from pipeline.files.outputs import write_file
from pipeline.models.files import read_beginning

_MOST_BYTES = 1 << 16
_Text = Annotated[str, Field(max_length=1000)]


class EngineChoice(BaseModel):
    """A choice of an engine.

    Args:
        network: name of its file.
        precision: as in the pipeline file.
        input_wh: width and height of the input, pixels.
        processor: name of the processor.
        chosen: engine and precision, such as `openvino bf16`.
        measured: engine and precision -> CPU time of one call, ms, or why it was left out.
        made: date of the choice, `YYYY-MM-DD`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: _Text
    precision: _Text
    input_wh: tuple[int, int]
    processor: _Text
    chosen: _Text
    measured: Annotated[dict[_Text, float | _Text], Field(max_length=20)]
    made: _Text


def choices_folder() -> Path:
    """Where choices are kept, a JSON file each; may not exist."""
    return cache_folder() / "engines"


def read_choice(path: Path) -> EngineChoice | None:
    """Read a choice; returns None if there is none, or if the file is damaged."""
    with contextlib.suppress(MinerError, ValidationError):
        if path.is_file():
            return EngineChoice.model_validate_json(read_beginning(path, _MOST_BYTES))
    return None


def keep_choice(path: Path, choice: EngineChoice) -> None:
    """Write a choice.

    Raises: OSError, MinerError: the cache cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, choice.model_dump_json(indent=2).encode() + b"\n")


def iter_choices() -> Iterator[tuple[Path, EngineChoice]]:
    """All choices, by the name of the network, with their files."""
    found = ((path, read_choice(path)) for path in choices_folder().glob("*.json"))
    known = [(path, choice) for path, choice in found if choice is not None]
    yield from sorted(known, key=lambda pair: (pair[1].network, pair[1].precision, pair[0]))
