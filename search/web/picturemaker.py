"""Makes pictures in a pool of processes, so that a slow or crashing decoder blocks nothing else."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from pipeline.errors import SourceError
from pipeline.host.cores import usable_cores
from search.documents import Document, Rect
from search.web.library import readable_file
from search.web.pictures import face_as_jpeg, frame_as_jpeg, photo_as_jpeg, prepare_process
from search.web.thumbnails import Thumbnails

_log = logging.getLogger(__name__)


class PictureMaker:
    """Gives pictures of documents, from the cache or newly made.

    Args:
        thumbnails: the cache.
    """

    def __init__(self, thumbnails: Thumbnails) -> None:
        self._thumbnails = thumbnails
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    async def photo(self, document: Document, longest_px: int) -> bytes | None:
        """A photo as JPEG, or None if there is no such file any more or it cannot be read."""
        path = os.fsdecode(document.source)
        return await self._picture(document.source, str(longest_px), photo_as_jpeg, path, longest_px)

    async def frame(self, document: Document, time_s: float, longest_px: int) -> bytes | None:
        """A frame of a video as JPEG, or None if there is none at this time."""
        kind = f"frame {round(time_s * 1000)} {longest_px}"
        path = os.fsdecode(document.source)
        return await self._picture(document.source, kind, frame_as_jpeg, path, time_s, longest_px)

    async def face(self, document: Document, rect: Rect, side_px: int) -> bytes | None:
        """The surroundings of a box of a photo as JPEG, or None if the photo cannot be read."""
        kind = f"face {rect} {side_px}"
        path = os.fsdecode(document.source)
        return await self._picture(document.source, kind, face_as_jpeg, path, rect, side_px)

    def close(self) -> None:
        """End the processes, whatever they are decoding."""
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
                for process in multiprocessing.active_children():
                    process.terminate()
                self._pool.shutdown(wait=True)
                self._pool = None

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
            content = await self._made(make, *arguments)
        except (SourceError, BrokenProcessPool, MemoryError) as error:
            _log.info("%s: no picture (%s)", os.fsdecode(source), error or type(error).__name__)
            return None
        await asyncio.to_thread(self._thumbnails.keep, path, content)
        return content

    async def _made(self, make: Callable[..., bytes], *arguments: object) -> bytes:
        """The result from the pool; a picture that waited when another one broke the pool is tried again."""
        for attempt in (1, 2):
            pool = self._opened()
            try:
                future: Future[bytes] = pool.submit(make, *arguments)
                return await asyncio.wrap_future(future)
            except BrokenProcessPool:
                self._drop(pool)
                if attempt == 2:
                    raise
        raise AssertionError("not reached")

    def _opened(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    max(1, usable_cores() - 1), multiprocessing.get_context("spawn"), prepare_process
                )
            return self._pool

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        """Replace a pool that a decoder has broken, once."""
        with self._lock:
            if self._pool is pool:
                self._pool = None
        pool.shutdown(wait=False, cancel_futures=True)
