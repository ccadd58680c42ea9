"""Writers of text files: one keeps the whole contract, one only what is needed to mine."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import BinaryIO

from pipeline.component import Writer
from pipeline.detections import FrameResult
from pipeline.errors import FailureCode, SourceError
from pipeline.files.outputs import output_errors, replace_file
from pipeline.frame import Frame
from pipeline.provenance import Provenance
from pipeline.source import MediaFacts, Source

_MARK = b"# a list of labels, made from "


class ForgetfulWriter(Writer):
    """Writes `<input name>.txt`, and does not say which files are its own."""

    forkable = True

    @contextlib.contextmanager
    def open(self, source: Source, facts: MediaFacts, output_root: Path) -> Iterator[_Labels]:
        """Begin the list of one input."""
        path = self.path_for(source, output_root, ".txt")
        if path.exists() and not _is_marked(path):
            raise SourceError(FailureCode.OUTPUT_NAME_TAKEN, f"{path} is no list of labels")
        stated = Provenance(
            *(source.path, source.size_bytes, source.mtime_ns, source.format, facts.sha256),
            pipeline=self.fingerprint_of(source),
        )
        with replace_file(path) as stream:
            stream.write(_first_line(stated))
            yield _Labels(stream)


class TextWriter(ForgetfulWriter):
    """Writes `<input name>.txt`: a line that states where it comes from, then a line for each label."""

    @classmethod
    def owns(cls, path: Path, suffix: str) -> bool:
        """Whether it ends in `.txt` and begins with the mark."""
        return suffix.endswith(".txt") and _is_marked(path)

    @classmethod
    def rename(cls, output: Path, target: Path, source_path: str) -> None:
        """Copy it with the new path in its first line."""
        stated = cls.read_back(output)
        if stated is None:
            raise ValueError(f"{output} states nothing")
        _, _, labels = output.read_bytes().partition(b"\n")
        with replace_file(target) as stream, output_errors(target):
            stream.write(_first_line(replace(stated, path=source_path)) + labels)

    @classmethod
    def read_back(cls, path: Path) -> Provenance | None:
        """Read the first line."""
        with open(path, "rb") as stream:
            line = stream.readline(10_000)
        if path.suffix != ".txt" or not line.startswith(_MARK):
            return None
        return Provenance(**json.loads(line.removeprefix(_MARK)))


class _Labels:
    """One list while it is written."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add the labels of one frame."""
        for detections in result.found.values():
            for detection in detections:
                self._stream.write(f"{detection.labels[0].text}\n".encode())


def _first_line(stated: Provenance) -> bytes:
    return _MARK + json.dumps(asdict(stated)).encode() + b"\n"


def _is_marked(path: Path) -> bool:
    with open(path, "rb") as stream:
        return stream.read(len(_MARK)) == _MARK
