"""Turns pydantic's errors into this project's sentences: one for each mistake, with what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.text import did_you_mean, shortened

_MAPPING = "a mapping"
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
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
}

_BOUNDS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}

_LENGTHS = {
    "string_too_short": ("min_length", "at least", "character"),
    "string_too_long": ("max_length", "at most", "character"),
    "too_short": ("min_length", "at least", "value"),
    "too_long": ("max_length", "at most", "value"),
}


def shown(value: Any) -> str:
    """A value of the file as error sentences quote it."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{shortened(value)}"' if isinstance(value, str) else shortened(str(value))


def sentence_of(detail: Mapping[str, Any], model: type[BaseModel], section: str = "params") -> str:
    """One of pydantic's errors as a sentence.

    Args:
        detail: an element of `ValidationError.errors()`.
        model: the model that was validated; it supplies the known names.
        section: the key above the values.
    """
    kind, location, given = detail["type"], detail["loc"], detail.get("input")
    key = shortened(".".join(str(part) for part in location))
    name = f"{section}.{key}" if key else section
    if kind == "extra_forbidden":
        return f'{section} has no "{key}"{did_you_mean(str(location[-1]), _fields(model, location[:-1]))}'
    if kind == "missing":
        field = _fields(model, location[:-1]).get(str(location[-1]))
        return f"{name} is missing" + (f": {field.description}" if field and field.description else "")
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        limit = detail["ctx"][bound]
        limit = f"{limit:g}" if isinstance(limit, float) else limit
        return f"{name}: expected a number {words} {limit}, got {shown(given)}"
    if kind in ("literal_error", "enum"):
        return f"{name}: expected {detail['ctx']['expected']}, got {shown(given)}"
    if kind in _LENGTHS:
        bound, words, unit = _LENGTHS[kind]
        limit = detail["ctx"][bound]
        return f"{name}: expected {words} {limit} {unit}{'' if limit == 1 else 's'}, got {shown(given)}"
    if kind == "value_error":
        return f"{name}: {' '.join(str(detail['ctx']['error']).split())}"
    if kind == "string_type" and isinstance(given, int | float):
        return f'{name}: expected text, got {shown(given)}; if you mean the word, write "{shown(given)}"'
    if _EXPECTED.get(kind) == _MAPPING and (example := _example_at(model, location)):
        return f"{name}: expected a mapping such as {example}, got {shown(given)}"
    if kind not in _EXPECTED:
        return f"{name}: {' '.join(detail['msg'].split())}, got {shown(given)}"
    return f"{name}: expected {_EXPECTED[kind]}, got {shown(given)}"


def example_of(model: type[BaseModel]) -> str:
    """A mapping for a model, in the form of a pipeline file: examples of its fields, else a default."""
    examples = {key: field.examples[0] for key, field in model.model_fields.items() if field.examples}
    defaults = {key: field.default for key, field in model.model_fields.items() if _is_plain(field.default)}
    return _flow(examples or dict(list(defaults.items())[:1]) or {next(iter(model.model_fields)): "..."})


def _example_at(model: type[BaseModel], location: tuple[str | int, ...]) -> str:
    """An example of the mapping at a location; empty if none is known."""
    field = _fields(model, location[:-1]).get(str(location[-1])) if location else None
    if field is None:
        return ""
    if field.examples:
        return _flow(field.examples[0])
    inner = _inner_model(field.annotation)
    return example_of(inner) if inner is not None else ""


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and value != ""


def _flow(values: Mapping[str, Any]) -> str:
    """A mapping as YAML's flow style writes it."""
    words = {key: shown(value) if isinstance(value, bool) else value for key, value in values.items()}
    return "{" + ", ".join(f"{key}: {word}" for key, word in words.items()) + "}"


def _fields(model: type[BaseModel], location: tuple[str | int, ...]) -> Mapping[str, FieldInfo]:
    """The fields of the model at a location, where the location leads through nested models."""
    for part in location:
        field = model.model_fields.get(str(part))
        inner = _inner_model(field.annotation) if field is not None else None
        if inner is None:
            return {}
        model = inner
    return model.model_fields


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    candidates = (annotation, *getattr(annotation, "__args__", ()))
    return next((a for a in candidates if isinstance(a, type) and issubclass(a, BaseModel)), None)
