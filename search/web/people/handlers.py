"""The handlers of the pages on which people get their names."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from pipeline.errors import MinerError
from recognizers.unknown.minedfaces import MinedFace
from search.web.facecrops import facts_for
from search.web.library import Library
from search.web.people import peoplepage, personfaces
from search.web.people.actions import Actions
from search.web.people.facesview import FacesView
from search.web.people.forms import FormError, Forms
from search.web.people.jobs import Jobs
from search.web.people.naming import Done, Naming
from search.web.people.teaching import Teaching, view_path
from search.web.picturemaker import PictureMaker
from search.web.rendering import Renderer
from search.web.responses import jpeg, query_of
from search.web.settings import Settings, Writable
from search.web.texts import TEXTS

_FACE_PX = 160
_NUMBER = re.compile(r"[0-9]{1,9}")
_BACK = re.compile(r"/(?:people|file/)[^\\\s]*")


class PeoplePages:
    """The pages of people: known ones always, the others only if `settings` lets the pages write.

    Args:
        settings: of the server.
        library: the index.
        maker: makes pictures.
        renderer: makes pages.
    """

    def __init__(self, settings: Settings, library: Library, maker: PictureMaker, renderer: Renderer) -> None:
        self._library = library
        self._maker = maker
        self._renderer = renderer
        self._desk = None if settings.writable is None else _Desk(settings, settings.writable, library, maker)

    def routes(self) -> list[BaseRoute]:
        """The addresses of these pages."""
        routes: list[BaseRoute] = [Route("/people", self.people)]
        if self._desk is not None:
            routes += [
                Route("/people/group/{number}", self.group),
                Route("/people/person", self.person),
                Route("/people/job", self.job),
                Route("/people/do", self.do, methods=["POST"]),
                Route("/people/crop/{key}", self.crop),
                Route("/people/face/{key}", self.face),
            ]
        return routes

    def begin(self) -> None:
        """Group the unknown faces in the background, as the last run left them."""
        if self._desk is not None:
            self._desk.actions.group_again()

    async def close(self) -> None:
        """Stop the running job."""
        if self._desk is not None:
            await self._desk.jobs.stop()

    def on_a_file(self, request: Request) -> dict[str, Any] | None:
        """What the page of a photo needs for forms that correct names; None if the pages may not write."""
        if self._desk is None:
            return None
        return self._common(request) | {"names": self._desk.people_names()}

    async def people(self, request: Request) -> Response:
        """Known people; and groups of unknown faces if the pages may write."""
        known = await run_in_threadpool(lambda: peoplepage.known_people(self._library.index()))
        if self._desk is None:
            return self._renderer.page("people.html", query="", people=known, desk=None)
        page = _number(request.query_params.get("page"))
        shown = await run_in_threadpool(self._desk.shown, page)
        common = await run_in_threadpool(self._common, request)
        return self._renderer.page("people.html", query="", people=known, **common, **shown)

    async def group(self, request: Request) -> Response:
        """The faces of one group."""
        desk = self._desk_of()
        number, page = request.path_params["number"], _number(request.query_params.get("page"))
        if _NUMBER.fullmatch(number) is None:
            return self._renderer.message(TEXTS["no_group"], "", 404)
        shown = await run_in_threadpool(
            peoplepage.group_page, self._library, desk.view, desk.people_names(), int(number), page
        )
        common = await run_in_threadpool(self._common, request)
        return self._renderer.page("group.html", query="", **common, **shown)

    async def person(self, request: Request) -> Response:
        """The faces that runs have given a person's name."""
        name, after = query_of(request, "name"), request.query_params.get("after") or None
        desk = self._desk_of()
        shown = await run_in_threadpool(
            lambda: peoplepage.person_page(
                self._library.index(), desk.naming.verdicts(), desk.people_names(), name, after
            )
        )
        common = await run_in_threadpool(self._common, request)
        return self._renderer.page("person.html", query="", **common, **shown)

    async def job(self, request: Request) -> Response:
        """How far the job is, as JSON."""
        state = self._desk_of().jobs.state
        return JSONResponse(None if state is None else state.as_json())

    async def crop(self, request: Request) -> Response:
        """The picture of an unknown face, as it would be taught."""
        desk = self._desk_of()
        found = await run_in_threadpool(desk.view.of_ids, [request.path_params["key"]])
        content = await desk.picture(found[0].face) if found else None
        return jpeg(request, content, "image/png")

    async def face(self, request: Request) -> Response:
        """The picture of a face with a name."""
        key = request.path_params["key"]
        face = await run_in_threadpool(personfaces.find_face, self._library, key)
        if face is None:
            return PlainTextResponse(TEXTS["picture_failed"], 404)
        if face.time_s is None:
            content = await self._maker.face(face.document, face.rect, _FACE_PX)
        else:
            content = await self._maker.frame_face(face.document, face.time_s, face.rect, _FACE_PX)
        return jpeg(request, content)

    async def do(self, request: Request) -> Response:
        """Do what a form asks for, and show the page that it came from."""
        desk = self._desk_of()
        try:
            fields = await desk.forms.read(request)
            done = await desk.actions.do(fields)
        except FormError as error:
            return self._refusal(request, error.sentence, error.status)
        except MinerError as error:
            return self._refusal(request, str(error), 409)
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(await run_in_threadpool(desk.done_as_json, done))
        back = fields.get("back", [""])[0]
        back = back if _BACK.fullmatch(back) else "/people"
        if done is None:
            return RedirectResponse(back, 303)
        notice = {"done": str(done.correction)} | ({"left": str(done.left_out)} if done.left_out else {})
        return RedirectResponse(f"{back}{'&' if '?' in back else '?'}{urlencode(notice)}", 303)

    def _refusal(self, request: Request, sentence: str, status: int) -> Response:
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"sentence": sentence}, status)
        return self._renderer.message(sentence, "", status)

    def _desk_of(self) -> _Desk:
        assert self._desk is not None  # or there would be no such route
        return self._desk

    def _common(self, request: Request) -> dict[str, Any]:
        """What all pages with forms show."""
        desk = self._desk_of()
        parameters = [
            (name, value)
            for name, value in request.query_params.multi_items()
            if name not in ("done", "left", "token")
        ]
        back = request.url.path + (f"?{urlencode(parameters)}" if parameters else "")
        done = _number(request.query_params.get("done"))
        recent = [peoplepage.described(entry) for entry in desk.naming.recent(10)]
        notice = next((one for one in recent if one.correction == done), None)
        return {
            "desk": desk,
            "secret": desk.forms.secret,
            "back": back,
            "notice": notice,
            "left_out": _number(request.query_params.get("left")),
            "job": None if desk.jobs.state is None else desk.jobs.state.as_json(),
        }


class _Desk:
    """What the pages of a server that may write work with."""

    def __init__(self, settings: Settings, writable: Writable, library: Library, maker: PictureMaker) -> None:
        assert settings.views is not None
        self.writable = writable
        self.forms = Forms()
        self.jobs = Jobs()
        self.view = FacesView(view_path(settings))
        self.naming = Naming(writable, self.view, self.picture)
        self.teaching = Teaching(settings, settings.views, self.naming.store, self.naming.verdicts)
        self.actions = Actions(settings, library, self.naming, self.view, self.teaching, self.jobs)
        self._library = library
        self._maker = maker

    async def picture(self, face: MinedFace) -> bytes | None:
        """The picture of a face as it is taught, PNG; None if its file is gone or has changed."""
        return await self._maker.crop(face, facts_for(self.writable.model))

    def people_names(self) -> Sequence[str]:
        """The names to choose from: people with a folder, and those of the index."""
        return peoplepage.names_to_choose(self._library.index(), self.writable.faces)

    def done_as_json(self, done: Done | None) -> dict[str, Any]:
        """What a page that stays shows of a change: its text and number, and what teaching would do now."""
        changes = [peoplepage.described(entry) for entry in self.naming.recent(20)]
        correction = None if done is None else done.correction
        text = next((one.text for one in changes if one.correction == correction), "")
        return {
            "correction": correction,
            "text": text,
            "left_out": 0 if done is None else done.left_out,
            "teach": peoplepage.teach_text(self.teaching.plan()),
        }

    def shown(self, page: int) -> dict[str, Any]:
        """What the page of people shows of the unknown faces."""
        plan = self.teaching.plan()
        return peoplepage.groups_page(self.view, page) | {
            "names": self.people_names(),
            "recent": [peoplepage.described(entry) for entry in self.naming.recent(8)],
            "plan": plan,
            "teach_text": peoplepage.teach_text(plan),
            "files": str(peoplepage.count_files(self._library.index())),
            "folder": os.fspath(self.writable.faces),
        }


def _number(text: str | None) -> int:
    """A number of an address; 0 for anything else."""
    return int(text) if text is not None and _NUMBER.fullmatch(text) else 0
