"""Which network `default` is on this machine: chosen when it was fetched, kept in the cache folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import ModelError
from pipeline.files.cachefolder import cache_folder
from pipeline.files.outputs import write_file
from pipeline.host.command import command
from pipeline.text import printable

_MOST_BYTES = 1 << 16
_Text = Annotated[str, Field(max_length=1000)]


class DefaultChoice(BaseModel):
    """The network that was chosen.

    Args:
        model: its name in the catalogue.
        measured: name of a network -> CPU time of one call on one core, ms; in the order of the measurements.
        processor: name of the processor.
        made: date of the choice, `YYYY-MM-DD`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    model: _Text
    measured: Annotated[dict[_Text, Annotated[float, Field(gt=0)]], Field(max_length=20)]
    processor: _Text
    made: _Text


def in_words(measured: Mapping[str, float]) -> str:
    """What was measured, for people: `yolox-nano 7.4 ms, yolox-tiny 31.0 ms`."""
    return ", ".join(f"{printable(name)} {took:.1f} ms" for name, took in measured.items())


def choice_file() -> Path:
    """Where the choice is kept; it may not exist."""
    return cache_folder() / "default.json"


def read_default() -> DefaultChoice | None:
    """Read the choice; returns None if none was made.

    Raises: ModelError: the file is damaged. With another network everything would be mined again, so none is
        guessed.
    """
    path = choice_file()
    try:
        with open(path, "rb") as stream:
            return DefaultChoice.model_validate_json(stream.read(_MOST_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        why = f"cannot be read ({error.strerror})" if isinstance(error, OSError) else "is damaged"
        raise ModelError(
            f"{printable(path)}: {why}; delete it, then type: {command('visualminer-models')} fetch default"
        ) from None


def keep_default(choice: DefaultChoice) -> None:
    """Write the choice.

    Raises: OutputError: the cache folder cannot be written.
    """
    write_file(choice_file(), choice.model_dump_json(indent=2).encode() + b"\n")
