"""pydantic's findings in this project's words: one sentence a mistake, with what was expected."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}

_BOUNDS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}

_MAX_SHOWN = 60


def sentence_of(detail: Mapping[str, Any], model: type[BaseModel]) -> str:
    """One of pydantic's errors as a sentence.

    Args:
        detail: an element of `ValidationError.errors()`.
        model: the model that was validated, for the names that it knows.
    """
    kind, location, given = detail["type"], detail["loc"], detail.get("input")
    key = ".".join(str(part) for part in location)
    name = f"params.{key}" if key else "params"
    if kind == "extra_forbidden":
        return f'params has no "{key}"{_close(str(location[-1]), _known_keys(model, location[:-1]))}'
    if kind == "missing":
        return f"{name} is missing"
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"{name}: expected a number {words} {detail['ctx'][bound]:g}, got {_shown(given)}"
    if kind in ("literal_error", "enum"):
        return f"{name}: expected {detail['ctx']['expected']}, got {_shown(given)}"
    if kind in ("string_too_short", "string_too_long", "too_short", "too_long"):
        return f"{name}: {detail['msg']}, got {_shown(given)}"
    if kind == "value_error":
        return f"{name}: {detail['ctx']['error']}"
    expected = _EXPECTED.get(kind, str(detail["msg"]))
    return f"{name}: expected {expected}, got {_shown(given)}"


def _shown(value: Any) -> str:
    text = "nothing" if value is None else f'"{value}"' if isinstance(value, str) else repr(value)
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."


def _known_keys(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The keys that the model has at a location, one level of nesting followed by name."""
    for part in location:
        field = model.model_fields.get(str(part))
        inner = _inner_model(field.annotation) if field is not None else None
        if inner is None:
            return []
        model = inner
    return sorted(model.model_fields)


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    candidates = (annotation, *getattr(annotation, "__args__", ()))
    return next((a for a in candidates if isinstance(a, type) and issubclass(a, BaseModel)), None)


def _close(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known: {', '.join(known)}" if known else ""
