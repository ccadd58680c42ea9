"""From a mined face to the page of its photo or video."""

from __future__ import annotations

import os

from pipeline.text import printable
from recognizers.unknown.minedfaces import MinedFace
from search.hitformats import clock
from search.sqlite.index import SqliteIndex
from search.web.views import file_href


class FileLinks:
    """Finds files of the index by their absolute path.

    Args:
        index: the index; its keys are paths below INPUT.
    """

    def __init__(self, index: SqliteIndex) -> None:
        self._index = index
        self._root = b""

    def href(self, face: MinedFace) -> str:
        """The address of the file's page, at the second of a video; empty if the index does not have it."""
        source = os.fsencode(face.path)
        if self._root and source.startswith(self._root) and self._is_there(source[len(self._root) :], source):
            return file_href(source[len(self._root) :], time_s=face.time_s)
        at = source.find(b"/")
        while at >= 0:
            if self._is_there(source[at + 1 :], source):
                self._root = source[: at + 1]
                return file_href(source[at + 1 :], time_s=face.time_s)
            at = source.find(b"/", at + 1)
        return ""

    @staticmethod
    def title(face: MinedFace) -> str:
        """Where a face is from, for people."""
        name = printable(os.path.basename(face.path))
        return name if face.time_s is None else f"{name}, {clock(face.time_s)}"

    def _is_there(self, relative: bytes, source: bytes) -> bool:
        document = self._index.document(relative)
        return document is not None and document.source == source
