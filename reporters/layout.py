"""The line layout of a report's JSON, made for people, for `grep`, and for reading a report's head alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

HEAD_END = b',\n  "frames": ['
"""Separates a report's head from its frames; it never occurs in a head: JSON strings hold no line breaks."""

FRAMES_SEPARATOR = ","
FRAMES_END = "\n  ]\n}\n"

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_UNSHOWABLE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that JSON need not escape but that move a terminal's cursor or reorder the text on it."""


def head_text(head: Mapping[str, Any]) -> str:
    """Return the text of a report up to its first frame."""
    return laid_out(head, "").removesuffix("\n}") + HEAD_END.decode()


def frame_text(frame: Mapping[str, Any]) -> str:
    """Return the text of one of a report's frames."""
    return f"\n    {laid_out(frame, '    ')}"


def laid_out(value: Mapping[str, Any], indent: str) -> str:
    """Format a JSON object: one line per key, and one per element of a list or of an object of objects."""
    members = []
    for key, member in value.items():
        if isinstance(member, list) and member:
            elements = f",\n{indent}    ".join(json_text(element) for element in member)
            text = f"[\n{indent}    {elements}\n{indent}  ]"
        elif isinstance(member, dict) and any(isinstance(element, dict) for element in member.values()):
            elements = f",\n{indent}    ".join(
                f"{json_text(k)}: {json_text(element)}" for k, element in member.items()
            )
            text = f"{{\n{indent}    {elements}\n{indent}  }}"
        else:
            text = json_text(member)
        members.append(f"\n{indent}  {json_text(key)}: {text}")
    return "{" + ",".join(members) + f"\n{indent}}}"


def json_text(value: Any) -> str:
    """Format a value as JSON on one line that is safe to print on a terminal."""
    return _UNSHOWABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", _ENCODER.encode(value))
