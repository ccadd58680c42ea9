"""JSON report writer: one report file an input, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.component import Params, Writer
from pipeline.detections import FrameResult
from pipeline.errors import FailureCode, SourceError
from pipeline.frame import Frame
from pipeline.outputs import output_errors, printable, replace_file
from pipeline.source import MediaFacts, Source
from reporters.report import to_report_frame, to_report_head

_OWN_BEGINNING = b'{\n  "type": "'
"""How every report of ours begins; what begins otherwise under a report's name is not ours to replace."""

_UNSHOWABLE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What JSON need not escape, yet moves a terminal's cursor or turns the order of what is read."""


class JsonReportWriterParams(Params):
    """`params:` of a `jsonreportwriter`."""


class JsonReportWriter(Writer):
    """Writes `<input name>.json`."""

    Params = JsonReportWriterParams

    @contextlib.contextmanager
    def open(self, source: Source, facts: MediaFacts, output_root: Path) -> Iterator[_Session]:
        """Begin a report; it stands under its name once the session ends well."""
        path = self.path_for(source, output_root, ".json")
        _check_own(path)
        head = to_report_head(source, facts, self.fingerprint)
        with replace_file(path) as stream:
            session = _Session(stream, path, head)
            yield session
            session.finish()


class _Session:
    """One report in the making: frames go to the disk as they come."""

    def __init__(self, stream: BinaryIO, path: Path, head: dict[str, Any]) -> None:
        self._stream = stream
        self._path = path
        self._separator = ""
        self._put(_laid_out(head, "").removesuffix("\n}") + ',\n  "frames": [')

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add one frame's detections."""
        self._put(f"{self._separator}\n    {_laid_out(to_report_frame(result), '    ')}")
        self._separator = ","

    def finish(self) -> None:
        """Close the list of frames and the report."""
        self._put("\n  ]\n}\n")

    def _put(self, text: str) -> None:
        with output_errors(self._path):
            self._stream.write(text.encode("utf-8", "replace"))


def _laid_out(value: Mapping[str, Any], indent: str) -> str:
    """A JSON object for people and for `grep`: a line a key, and in a list a line an element."""
    members = []
    for key, member in value.items():
        text = _dump(member)
        if isinstance(member, list) and member:
            elements = f",\n{indent}    ".join(_dump(element) for element in member)
            text = f"[\n{indent}    {elements}\n{indent}  ]"
        members.append(f"\n{indent}  {_dump(key)}: {text}")
    return "{" + ",".join(members) + f"\n{indent}}}"


def _dump(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _UNSHOWABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _check_own(path: Path) -> None:
    """Refuse to replace a file that is no report of ours, such as a photo service's own `a.jpg.json`."""
    try:
        with open(path, "rb") as stream:
            beginning = stream.read(len(_OWN_BEGINNING))
    except FileNotFoundError:
        return
    except OSError:
        return  # `replace_file` meets the same trouble and says it
    if beginning != _OWN_BEGINNING:
        raise SourceError(
            FailureCode.OUTPUT_NAME_TAKEN,
            f"{printable(path)} stands where its report belongs and is no report of ours; "
            "choose another OUTPUT folder",
        )
