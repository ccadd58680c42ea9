"""The `params:` of components: their base class, and the kinds of values that several components share."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

ALL = "all"


def _as_list(value: Any) -> Any:
    """Turn one word into a list of one, because people write it so."""
    return [value] if isinstance(value, str) else value


def _without_all(labels: tuple[str, ...]) -> tuple[str, ...]:
    return () if ALL in labels else labels


def _expanded(text: str, info: ValidationInfo) -> str:
    """Fill in `~` and `$VARS`, and resolve a path against the pipeline file's folder if it exists there."""
    filled = os.path.expanduser(os.path.expandvars(text))
    unset = re.search(r"\$(\w+|\{[^}]*\})", filled)
    if unset:
        raise ValueError(f'"{text}" uses {unset.group()}, which is not set in the environment')
    folder = (info.context or {}).get("folder", "")
    beside = os.path.join(folder, filled)
    return beside if os.sep in filled or os.path.exists(beside) else filled


Words = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(strict=False)]
"""A list of words; a single word is a list of one."""

TriggerLabels = Annotated[
    Words,
    AfterValidator(_without_all),
    Field(description='labels of the inputs\' detections that count; "all", or none given: every one'),
]

ModelName = Annotated[str, Field(min_length=1), AfterValidator(_expanded)]
"""A catalogue name or a path: `~` and `$VARS` are filled in, and a path is relative to the pipeline file."""


def _beside(text: str, info: ValidationInfo) -> str:
    """Resolve a path against the pipeline file's folder, unless it exists in the working folder alone."""
    filled = _expanded(text, info)
    beside = os.path.join((info.context or {}).get("folder", ""), filled)
    return filled if os.path.exists(filled) else beside


ModelPath = Annotated[str, Field(min_length=1), AfterValidator(_beside)]
"""The path of a model, which need not exist; otherwise as `ModelName`."""


class Params(BaseModel):
    """Base of every component's `params:`. Each field is a YAML key and declares its bounds and description.

    Values are strict (no `"0.4"` for a number) and unknown keys are refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    triggerlabels: TriggerLabels = ()

    def values_but(self, *left_out: str) -> dict[str, Any]:
        """The values that differ from their defaults, by field, without those of the fields named.

        Values of fields that are added later with a default that changes nothing leave the result as it is.
        """
        return values_of(self, but=left_out)


def values_of(model: BaseModel, *, always: Iterable[str] = (), but: Iterable[str] = ()) -> dict[str, Any]:
    """The values of a model's fields that differ from their defaults, by field.

    Args:
        always: fields whose values are taken also if they are the defaults.
        but: fields that are left out.
    """
    fields, named, left_out = type(model).model_fields, frozenset(always), frozenset(but)
    return {
        key: value
        for key, value in model.model_dump().items()
        if key not in left_out
        and (key in named or getattr(model, key) != fields[key].get_default(call_default_factory=True))
    }


class Problem(NamedTuple):
    """A mistake in params that only the file system shows.

    Args:
        key: the field of `Params` that it is about.
        sentence: what is wrong and what to do.
    """

    key: str
    sentence: str
