"""How a report's JSON lies on lines: for people, for `grep`, and for whoever reads only its beginning."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

HEAD_END = b',\n  "frames": ['
"""Stands between a report's head and its frames, and nowhere in a head: JSON's strings hold no line break."""

FRAMES_SEPARATOR = ","
FRAMES_END = "\n  ]\n}\n"

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_UNSHOWABLE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What JSON need not escape, yet moves a terminal's cursor or turns the order of what is read."""


def head_text(head: Mapping[str, Any]) -> str:
    """The beginning of a report, up to its first frame."""
    return laid_out(head, "").removesuffix("\n}") + HEAD_END.decode()


def frame_text(frame: Mapping[str, Any]) -> str:
    """One of a report's frames."""
    return f"\n    {laid_out(frame, '    ')}"


def laid_out(value: Mapping[str, Any], indent: str) -> str:
    """A JSON object with a line a key, and in a list, or an object of objects, a line an element."""
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
    """JSON on one line, with what would move a terminal's cursor or turn the order of text escaped."""
    return _UNSHOWABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", _ENCODER.encode(value))
