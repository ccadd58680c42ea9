"""Writer of XMP sidecars, so that photo programs show what was found as keywords and named faces."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.component import Params, Problem, SegmentSession, Writer
from pipeline.detections import FrameResult
from pipeline.errors import FailureCode, ModelError, SourceError
from pipeline.files.outputs import keep_file, write_file
from pipeline.frame import Frame
from pipeline.source import Limits, MediaFacts, Source
from pipeline.text import printable
from pipeline.videos.facts import VideoFacts
from pipeline.videos.messages import SegmentPart, VideoResult
from reporters.xmp.besidefile import (
    LeftAloneError,
    Version,
    locked_folder,
    read_version,
    replace_version,
)
from reporters.xmp.proposal import Found, Wanted, each_once

if TYPE_CHECKING:  # lxml with it, which the parent process does without
    from pipeline.xmp.embedded import Embedded
    from reporters.xmp.photo import Photo

_log = logging.getLogger(__name__)

_ENDING = ".xmp"
_MARK = b"urn:deepvisualminer:sidecar:1/"
"""The namespace of this program's own properties, which each of its sidecars has."""
_BESIDE_MARK = b'dvm:sidecarPlace="beside"'
_MARK_WITHIN_BYTES = 16 << 20
_MOST_TRIES = 5
"""How often another program may change a sidecar while it is merged."""

Level = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^|/\\\x00-\x1f\x7f]+$")]


class KeywordRoots(BaseModel):
    """The highest level of the keywords in programs that show a tree."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    people: Annotated[Level, Field(description="above names, as in People|Anna")] = "People"
    objects: Annotated[Level, Field(description="above other labels, as in Objects|dog")] = "Objects"


class XmpWriterParams(Params):
    """The `params:` of an `xmpwriter`."""

    where: Annotated[
        Literal["output", "beside"],
        Field(description="output: into OUTPUT; beside: next to the photo, and a copy into OUTPUT"),
    ] = "output"
    roots: Annotated[KeywordRoots, Field(description="the highest level of the keywords")] = KeywordRoots()
    min_confidence: Annotated[
        float, Field(ge=0, le=1, description="labels with less confidence are not written")
    ] = 0.5
    faces: Annotated[
        bool, Field(description="write recognizers' names as keywords, and as face regions of photos")
    ] = True
    objects: Annotated[bool, Field(description="write other labels as keywords")] = True


class XmpWriter(Writer):
    """Writes `<input name>.xmp`, the sidecar of a photo or video.

    An existing sidecar is merged with: only what this program wrote into it is replaced.
    """

    Params = XmpWriterParams
    forkable = True

    @classmethod
    def check(cls, params: XmpWriterParams) -> Iterator[Problem]:
        """Yield a problem if nothing can be written."""
        if not params.faces and not params.objects:
            yield Problem("objects", "nothing is left to write: faces and objects are both false")

    @classmethod
    def owns(cls, path: Path, suffix: str) -> bool:
        """Return whether a file of the output folder is a sidecar that this program wrote."""
        return suffix.endswith(_ENDING) and _is_own(path)

    @classmethod
    def rename(cls, output: Path, target: Path, source_path: str) -> None:
        """Copy a sidecar; with `where: beside`, also make one beside the renamed photo unless it has one."""
        super().rename(output, target, source_path)
        content = output.read_bytes()
        if _BESIDE_MARK in content:
            sidecar = source_path + _ENDING
            with contextlib.suppress(LeftAloneError, OSError), locked_folder(os.path.dirname(sidecar)):
                replace_version(sidecar, Version(None, None), content)

    @classmethod
    def discard(cls, output: Path, source_path: str) -> None:
        """Remove the sidecar of a deleted photo, if it contains only what this program wrote."""
        content = output.read_bytes()
        if _BESIDE_MARK not in content:
            return
        from reporters.xmp.leftover import has_nothing_else

        sidecar = source_path + _ENDING
        with contextlib.suppress(LeftAloneError, OSError), locked_folder(os.path.dirname(sidecar)):
            if has_nothing_else(read_version(sidecar).content):
                os.unlink(sidecar)

    def files_beside(self, source: Source) -> Sequence[str]:
        """Return the sidecar beside the photo if `where: beside` is set."""
        return (source.path + _ENDING,) if self.params.where == "beside" else ()

    def load(self) -> None:
        """Import what reads and writes XML.

        Raises: ModelError: another writer of the pipeline writes the same sidecars.
        """
        if self.tag and self.params.where == "beside":
            raise ModelError("only the first xmpwriter of a pipeline can have `where: beside`")
        from reporters.xmp import sidecar

        self._sidecar = sidecar

    def needed_wh(self, full_wh: tuple[int, int]) -> tuple[int, int]:
        """Return the smallest size: a sidecar needs no pixels."""
        return 1, 1

    @property
    def wanted(self) -> Wanted:
        """Which detections are written."""
        return Wanted(self.params.min_confidence, self.params.faces, self.params.objects)

    @contextlib.contextmanager
    def open(self, source: Source, facts: MediaFacts, output_root: Path) -> Iterator[PhotoSession]:
        """Begin a photo's sidecar; it is written when the session ends without an error."""
        self._check_own(source, output_root)
        session = PhotoSession(self.wanted)
        yield session
        self._write(source, facts, session.found, output_root)

    def open_segment(
        self, source: Source, facts: VideoFacts, output_root: Path, part: Path
    ) -> AbstractContextManager[LabelsSession]:
        """Collect what is found in one segment of a video; the part stays empty."""
        self._check_own(source, output_root)
        return contextlib.nullcontext(LabelsSession(self.wanted))

    def join(
        self, source: Source, video: VideoResult, parts: Sequence[SegmentPart], output_root: Path
    ) -> None:
        """Write a video's sidecar from what was found in its segments."""
        self._check_own(source, output_root)
        found = each_once(one for part in parts for one in part.note)
        self._write(source, MediaFacts(video.facts.size_wh, source.format), found, output_root)

    def _check_own(self, source: Source, output_root: Path) -> None:
        """Make sure that no foreign file of the output folder is replaced.

        Raises: SourceError: it would be.
        """
        path = self.path_for(source, output_root, _ENDING)
        with contextlib.suppress(OSError):  # nothing is there, or writing meets the same error and reports it
            if not _is_own(path):
                raise SourceError(
                    FailureCode.OUTPUT_NAME_TAKEN,
                    f"{printable(path)} has the name of its sidecar but was not written by this program; "
                    "choose another OUTPUT folder",
                )

    def _write(
        self,
        source: Source,
        facts: MediaFacts,
        found: Sequence[Found],
        output_root: Path,
    ) -> None:
        """Merge what was found into the sidecar.

        Raises: OutputError: the output folder cannot be written.
        """
        read_embedded = functools.cache(lambda: self._read_embedded(source, facts))
        photo = self._sidecar.Photo(facts.size_wh, facts.turn, read_embedded)
        merged = functools.partial(self._merged, source, photo, found)
        copy = self.path_for(source, output_root, _ENDING)
        beside = source.path + _ENDING
        shown = copy
        try:
            before = read_version(os.fspath(copy)).content
            if self.params.where == "beside":
                shown = Path(beside)
                content = self._merge_beside(beside, merged)
            else:
                content = merged(before if before is not None else read_version(beside).content)
                if before is None and content is not None and _MARK not in content:
                    return
        except (LeftAloneError, self._sidecar.PacketError) as error:
            _log.warning("%s: the sidecar is left alone: %s", printable(shown), error)
            return
        if content is None or _MARK not in content:
            return
        if content == before:
            keep_file(copy)
        else:
            write_file(copy, content)

    def _merge_beside(self, path: str, merged: functools.partial[bytes | None]) -> bytes | None:
        """Merge into the sidecar beside the photo; returns its content then, None if there is none.

        Raises:
            LeftAloneError: it cannot be read or written, or is changed all the time.
            PacketError: it cannot be parsed.
        """
        try:
            with locked_folder(os.path.dirname(path)):
                for _ in range(_MOST_TRIES):
                    read = read_version(path)
                    content = merged(read.content)
                    if content is None or content == read.content or replace_version(path, read, content):
                        return content
        except OSError as error:
            raise LeftAloneError(f"its folder cannot be read ({error.strerror})") from None
        raise LeftAloneError("another program is writing to it")

    def _merged(
        self, source: Source, photo: Photo, found: Sequence[Found], content: bytes | None
    ) -> bytes | None:
        """A sidecar's new content; the same bytes if nothing changes, None if there is nothing to write."""
        roots = self.params.roots
        return self._sidecar.merged(
            content,
            found,
            photo,
            self._sidecar.Roots(roots.people, roots.objects),
            extension=os.path.splitext(source.relative)[1].lstrip("."),
            is_beside=self.params.where == "beside",
        )

    def _read_embedded(self, source: Source, facts: MediaFacts) -> Embedded:
        if facts.metadata is not None:
            return self._sidecar.parse_embedded(facts.metadata)
        return self._sidecar.read_embedded(source.path, source.format, Limits())


class PhotoSession:
    """Collects what was found in a photo."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self.found: list[Found] = []

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add a frame's detections."""
        self.found += self._wanted.of(result)


class LabelsSession(SegmentSession):
    """Collects what was found in one segment of a video; `note` is a list of `Found` without boxes."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self.note: list[Found] = []

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add a frame's detections."""
        self.note = each_once((*self.note, *self._wanted.of(result)))


def _is_own(path: Path) -> bool:
    """Whether a file is a sidecar that this program wrote or merged into.

    Raises: OSError: it is missing or cannot be read.
    """
    if not path.is_file():
        path.lstat()  # raises if nothing is there
        return False
    with open(path, "rb") as stream:
        return _MARK in stream.read(_MARK_WITHIN_BYTES)
