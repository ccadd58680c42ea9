"""The web application: the routes and their handlers."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pipeline.errors import MinerError
from pipeline.text import printable
from search.backend import CursorError
from search.conditions import MediaKind
from search.web import filepage, searchpage
from search.web.copies import annotated_copy
from search.web.faces import best_face
from search.web.library import Library, media_format, readable_file
from search.web.people.handlers import PeoplePages
from search.web.picturemaker import PictureMaker
from search.web.ratios import ratio_styles
from search.web.rendering import Renderer
from search.web.responses import SHORTLY, jpeg, query_of
from search.web.security import Guard
from search.web.settings import Settings
from search.web.texts import TEXTS
from search.web.thumbnails import Thumbnails
from search.web.videoboxes import VideoBoxes
from search.web.views import THUMBNAIL_PX

_HERE = Path(__file__).parent
_PICTURE_PX = 1_600
_FACE_PX = 160
_MILLISECONDS = re.compile(r"[0-9]{1,11}")


def make_app(settings: Settings) -> Starlette:
    """The application for one OUTPUT."""
    pages = _Pages(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        pages.people.begin()
        yield
        await pages.close()

    return Starlette(
        routes=[
            Route("/", pages.search),
            Route("/complete", pages.complete),
            Route("/file/{key}", pages.file),
            Route("/boxes/{key}", pages.boxes),
            Route("/thumb/{key}", pages.thumbnail),
            Route("/picture/{key}", pages.picture),
            Route("/frame/{key}/{milliseconds}", pages.frame),
            Route("/face", pages.face),
            Route("/original/{key}", pages.original),
            Route("/annotated/{key}", pages.annotated),
            Route("/ratios.css", pages.ratios),
            *pages.people.routes(),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
        ],
        middleware=[Middleware(Guard, settings=settings)],
        exception_handlers={CursorError: pages.no_such_page, MinerError: pages.trouble, 404: pages.missing},
        lifespan=lifespan,
    )


class _Pages:
    """The handlers of all addresses.

    Pages run in threads, each with its own connection to the index. Pictures wait for the pool of processes
    without holding a thread, so that no page waits for them.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._library = Library(settings)
        self._maker = PictureMaker(Thumbnails(settings.thumbnails))
        self._video_boxes = VideoBoxes(settings.output_root)
        self._renderer = Renderer()
        self._page, self._message = self._renderer.page, self._renderer.message
        self.people = PeoplePages(settings, self._library, self._maker, self._renderer)

    async def close(self) -> None:
        """End the processes that make pictures, and the job that is at work."""
        await self.people.close()
        self._maker.close()

    def search(self, request: Request) -> Response:
        """The results of a search."""
        query = query_of(request)
        after = request.query_params.get("after") or None
        shown = searchpage.search_page(self._library.index(), query, after)

        def filters() -> dict[str, Any]:
            try:  # another thread may go on with the page, and has a connection of its own
                return searchpage.search_filters(self._library.index(), query)
            except MinerError:  # the index is being replaced; the results have been sent
                return searchpage.NO_FILTERS

        return self._renderer.page_in_parts("search.html", filters=filters, **shown)

    def complete(self, request: Request) -> Response:
        """Completions of the last word of a query, as JSON."""
        return JSONResponse(searchpage.completions(self._library.index(), query_of(request)))

    def file(self, request: Request) -> Response:
        """One photo or video."""
        document = self._library.find(request.path_params["key"])
        if document is None:
            return self._message(TEXTS["not_found"], "", 404)
        after = request.query_params.get("after") or None
        shown = filepage.file_page(
            self._library.index(), document, query_of(request), after, _seconds_of(request)
        )
        is_photo = document.kind is MediaKind.PHOTO
        format_ = media_format(document.source)
        return self._page(
            "photo.html" if is_photo else "video.html",
            path=printable(os.fsdecode(document.source)),
            is_there=format_ is not None,
            original=_sent_as(format_) is not None,
            annotated=annotated_copy(self._settings.output_root, document)[0] is not None,
            forms=self.people.on_a_file(request),
            **shown,
        )

    def boxes(self, request: Request) -> Response:
        """The boxes of a video's frame at a time, as JSON."""
        document = self._library.find(request.path_params["key"])
        if document is None or document.kind is not MediaKind.VIDEO:
            return PlainTextResponse(TEXTS["not_found"], 404)
        return JSONResponse(self._video_boxes.at(document, _seconds_of(request)))

    async def thumbnail(self, request: Request) -> Response:
        """A small picture of a photo, or of a video's best moment."""
        return await self._picture(request, THUMBNAIL_PX)

    async def picture(self, request: Request) -> Response:
        """A photo at the size of a screen."""
        return await self._picture(request, _PICTURE_PX)

    async def frame(self, request: Request) -> Response:
        """A frame of a video."""
        document = await run_in_threadpool(self._library.find, request.path_params["key"])
        time = _MILLISECONDS.fullmatch(request.path_params["milliseconds"])
        if document is None or document.kind is not MediaKind.VIDEO or time is None:
            return PlainTextResponse(TEXTS["not_found"], 404)
        return jpeg(request, await self._maker.frame(document, int(time[0]) / 1000, _PICTURE_PX))

    async def face(self, request: Request) -> Response:
        """The face of a person, from one of the photos."""
        name = query_of(request, "name")
        found = await run_in_threadpool(best_face, self._library, name)
        if found is None:
            return PlainTextResponse(TEXTS["picture_failed"], 404)
        return jpeg(request, await self._maker.face(found[0], found[1], _FACE_PX))

    def original(self, request: Request) -> Response:
        """The file itself, with ranges; only formats that a browser shows as a picture or video."""
        document = self._library.find(request.path_params["key"])
        if document is None:
            return PlainTextResponse(TEXTS["not_found"], 404)
        return _whole_file(request, document.source, _sent_as(media_format(document.source)))

    def annotated(self, request: Request) -> Response:
        """The annotated copy of a file, with ranges."""
        document = self._library.find(request.path_params["key"])
        if document is None:
            return PlainTextResponse(TEXTS["not_found"], 404)
        path, media_type = annotated_copy(self._settings.output_root, document)
        is_media = path is not None and media_format(path) is not None
        return _whole_file(request, path, media_type if is_media else None)

    def ratios(self, request: Request) -> Response:
        """The style sheet of aspect ratios."""
        return Response(ratio_styles(), media_type="text/css", headers={"Cache-Control": SHORTLY})

    def trouble(self, request: Request, error: Exception) -> Response:
        """An index that cannot be used, reported in a sentence."""
        return self._message(TEXTS["no_index"], str(error), 503)

    def no_such_page(self, request: Request, error: Exception) -> Response:
        """An address whose page of results does not exist, such as a truncated link."""
        return self._message(TEXTS["no_page"], str(error), 400)

    def missing(self, request: Request, error: Exception) -> Response:
        """An unknown address."""
        return self._message(TEXTS["not_found"], "", 404)

    async def _picture(self, request: Request, longest_px: int) -> Response:
        document = await run_in_threadpool(self._library.find, request.path_params["key"])
        if document is None:
            return PlainTextResponse(TEXTS["not_found"], 404)
        if document.kind is MediaKind.PHOTO:
            return jpeg(request, await self._maker.photo(document, longest_px))
        best = max(document.moments, key=lambda moment: moment.confidence or 0.0, default=None)
        time_s = (document.duration_s or 0.0) / 4 if best is None else best.time_s
        return jpeg(request, await self._maker.frame(document, time_s, longest_px))


def _sent_as(format_: str | None) -> str | None:
    """The media type of an original that browsers show, or None for other formats, which are not sent."""
    return (filepage.SHOWN_AS_THEY_ARE | filepage.PLAYABLE).get(format_ or "")


def _seconds_of(request: Request) -> float:
    """The parameter `t`: 0 to about a year; 0 for anything else."""
    try:
        seconds = float(request.query_params.get("t", "0"))
    except ValueError:
        return 0.0
    return seconds if 0.0 <= seconds < 3e7 else 0.0


def _whole_file(request: Request, path: bytes | None, media_type: str | None) -> Response:
    status = None if path is None else readable_file(path)
    if path is None or media_type is None or status is None:
        return PlainTextResponse(TEXTS["file_gone"], 404)
    answer = FileResponse(
        os.fsdecode(path), stat_result=status, media_type=media_type, headers={"Cache-Control": SHORTLY}
    )
    if request.headers.get("if-none-match") == answer.headers.get("etag"):
        return Response(status_code=304, headers={"ETag": answer.headers["etag"]})
    return answer
