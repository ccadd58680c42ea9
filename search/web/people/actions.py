"""What the forms can ask for, by the value of the button that was pressed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from recognizers.unknown.minedfaces import MinedFace
from search.backend import Page
from search.question import understand
from search.web.library import Library
from search.web.people import personfaces
from search.web.people.facesview import FacesView
from search.web.people.forms import FormError
from search.web.people.jobs import Jobs
from search.web.people.naming import Done, Naming
from search.web.people.peoplepage import count_files
from search.web.people.teaching import Teaching
from search.web.settings import Settings

_MOST_FACES = 20_000
_NONE_CHOSEN = "No face is chosen, or they were mined again meanwhile; load the page again."
_BUSY = "The program is at work already; wait until it is done, or stop it."


class Actions:
    """Does what a form asks for.

    Args:
        settings: of the server.
        library: the index.
        naming: stores names and corrections.
        view: the groups.
        teaching: what the button "Teach" runs.
        jobs: runs it.
    """

    def __init__(
        self,
        settings: Settings,
        library: Library,
        naming: Naming,
        view: FacesView,
        teaching: Teaching,
        jobs: Jobs,
    ) -> None:
        self._settings = settings
        self._library = library
        self._naming = naming
        self._view = view
        self._teaching = teaching
        self._jobs = jobs

    async def do(self, fields: dict[str, list[str]]) -> Done | None:
        """Do what a form asks for; None for what is not kept in the log.

        Raises: FormError: it cannot be done; MinerError: nothing can be written.
        """
        what = fields.get("do", [""])[0]
        match what:
            case "name":
                return await self._naming.name(await self._chosen(fields), _first(fields, "name"))
            case "strangers":
                return await self._naming.strangers(await self._chosen(fields))
            case "not-faces":
                return await self._naming.not_faces(fields.get("face", []))
            case "move-out":
                return await self._naming.move_out(fields.get("face", []), _group(fields))
            case "merge":
                return await self._naming.merge([_whole(text) for text in fields.get("group", [])])
            case "rename":
                return await self._naming.rename(await self._of_person(fields), _first(fields, "name"))
            case "not-person":
                faces = await self._of_person(fields)
                return await self._naming.not_person(faces, _first(fields, "person"))
            case "no-face-of-person":
                return await self._naming.not_faces_of_person(await self._of_person(fields))
            case "undo":
                if not await self._naming.undo(_whole(_first(fields, "correction"))):
                    self.group_again()
            case "teach":
                await self._teach()
            case "group":
                if not self.group_again():
                    raise FormError(409, _BUSY)
            case "stop":
                await self._jobs.stop()
            case _:
                raise FormError(400, "The form does not say what to do.")
        return None

    def group_again(self) -> bool:
        """Start to group the unknown faces; False if a job is running."""
        return self._jobs.start("group", [self._teaching.grouping()])

    async def _teach(self) -> None:
        if self._jobs.is_running:
            raise FormError(409, _BUSY)
        plan = await run_in_threadpool(self._teaching.plan)
        if not plan.pictures:
            raise FormError(409, "Nobody has a name yet: name a group of faces first.")
        root, files = await run_in_threadpool(self._root_and_files)
        if root is None:
            raise FormError(409, "The folder of the photos is not there; is its disk mounted?")
        if not self._jobs.start("teach", self._teaching.steps(plan, root, files)):
            raise FormError(409, _BUSY)

    def _root_and_files(self) -> tuple[Path | None, int]:
        """INPUT, as the newest file of the index tells it, and the number of files."""
        index = self._library.index()
        for hit in index.search(understand("", index).condition, Page(1)).hits:
            if hit.source.endswith(b"/" + hit.path):
                root = Path(os.fsdecode(hit.source[: -len(hit.path)]))
                return root if root.is_dir() else None, count_files(index).files
        return None, 0

    async def _chosen(self, fields: dict[str, list[str]]) -> Sequence[str]:
        """The chosen faces of a group; all of its faces if none is chosen."""
        chosen = fields.get("face", [])
        if chosen:
            return chosen
        faces = await run_in_threadpool(self._view.faces, _group(fields), 0, _MOST_FACES)
        return [one.id for one in faces]

    async def _of_person(self, fields: dict[str, list[str]]) -> list[MinedFace]:
        """The chosen faces that have a name.

        Raises: FormError: none is chosen, or the index does not have one any more.
        """
        faces = await run_in_threadpool(self._read_faces, fields.get("face", []), _first(fields, "person"))
        if not faces:
            raise FormError(409, _NONE_CHOSEN)
        return faces

    def _read_faces(self, ids: Sequence[str], person: str) -> list[MinedFace]:
        found = []
        for one in dict.fromkeys(ids):
            face = personfaces.find_face(self._library, one)
            if face is None or face.name != person:
                continue
            mined = personfaces.mined_face(self._settings.output_root, face)
            mined = mined or personfaces.without_report(face)
            if mined is not None:
                found.append(mined)
        return found


def _first(fields: dict[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[0]


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise FormError(400, "The form does not say which group or change it is about.")
    return int(text)


def _group(fields: dict[str, list[str]]) -> int:
    return _whole(_first(fields, "group"))
