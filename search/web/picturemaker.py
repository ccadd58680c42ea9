"""Gives pictures of photos and videos: from the cache, or made in processes of their own."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool

from pipeline.errors import SourceError
from pipeline.host.cores import usable_cores
from recognizers.faces.folderrecord import FaceFacts
from recognizers.unknown.minedfaces import MinedFace
from search.documents import Document, Rect
from search.web.facecrops import cut_png, kind_of
from search.web.library import readable_file
from search.web.picturepool import PicturePool
from search.web.pictures import face_as_jpeg, frame_as_jpeg, frame_face_as_jpeg, photo_as_jpeg
from search.web.thumbnails import Thumbnails

_log = logging.getLogger(__name__)


class PictureMaker:
    """Gives pictures of documents, from the cache or newly made.

    Args:
        thumbnails: the cache.
    """

    def __init__(self, thumbnails: Thumbnails) -> None:
        self._thumbnails = thumbnails
        self._pool = PicturePool(max(1, usable_cores() - 1))

    async def photo(self, document: Document, longest_px: int) -> bytes | None:
        """A photo as JPEG, or None if there is no such file any more or it cannot be read."""
        path = os.fsdecode(document.source)
        return await self._picture(document.source, str(longest_px), photo_as_jpeg, path, longest_px)

    async def frame(self, document: Document, time_s: float, longest_px: int) -> bytes | None:
        """A frame of a video as JPEG, or None if there is none at this time."""
        kind = f"still {round(time_s * 1000)} {longest_px}"
        path = os.fsdecode(document.source)
        size_wh = (max(document.width, 1), max(document.height, 1))
        return await self._picture(document.source, kind, frame_as_jpeg, path, time_s, size_wh, longest_px)

    async def face(self, document: Document, rect: Rect, side_px: int) -> bytes | None:
        """The surroundings of a box of a photo as JPEG, or None if the photo cannot be read."""
        kind = f"face {rect} {side_px}"
        path = os.fsdecode(document.source)
        return await self._picture(document.source, kind, face_as_jpeg, path, rect, side_px)

    async def frame_face(self, document: Document, time_s: float, rect: Rect, side_px: int) -> bytes | None:
        """The surroundings of a box of a video's frame as JPEG, or None if it cannot be read."""
        kind = f"still face {round(time_s * 1000)} {rect} {side_px}"
        path, size_wh = os.fsdecode(document.source), (max(document.width, 1), max(document.height, 1))
        arguments = (path, time_s, size_wh, rect, side_px)
        return await self._picture(document.source, kind, frame_face_as_jpeg, *arguments)

    async def crop(self, face: MinedFace, facts: FaceFacts) -> bytes | None:
        """A face as it is taught, as PNG, or None if its file is gone or has changed."""
        return await self._picture(os.fsencode(face.path), kind_of(face, facts), cut_png, face, facts)

    def close(self) -> None:
        """End the processes, whatever they are decoding."""
        self._pool.close()

    async def _picture(
        self, source: bytes, kind: str, make: Callable[..., bytes], *arguments: object
    ) -> bytes | None:
        status = await asyncio.to_thread(readable_file, source)
        if status is None:
            return None
        path = self._thumbnails.path_for(source, status, kind)
        if (kept := await asyncio.to_thread(self._thumbnails.read, path)) is not None:
            return kept
        try:
            content = await self._pool.run(make, *arguments)
        except (SourceError, BrokenProcessPool, MemoryError) as error:
            _log.info("%s: no picture (%s)", os.fsdecode(source), error or type(error).__name__)
            return None
        await asyncio.to_thread(self._thumbnails.keep, path, content)
        return content
