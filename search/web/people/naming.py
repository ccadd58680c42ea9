"""Names and corrections from the pages: kept in the log of corrections, and as pictures in folders by person.

The pictures are written before the log, and the view is changed last: whatever ends the server meanwhile, a
face is either still unknown or has its name, and saying it again writes the same files again.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from recognizers.corrections.entry import Action, Entry
from recognizers.corrections.lookup import Corrections
from recognizers.corrections.store import CorrectionStore, FacePicture, store_beside
from recognizers.faces.facekey import FaceKey
from recognizers.faces.foldername import group_folder
from recognizers.unknown.minedfaces import MinedFace
from search.documents import UNKNOWN
from search.web.facecrops import facts_for
from search.web.people.facefolders import take_back, write_pictures
from search.web.people.facesview import ALONE, FacesView, ShownFace, face_id
from search.web.people.forms import FormError
from search.web.people.names import checked_name, people_of
from search.web.settings import Writable

_MOST_PICTURES = 200
"""The most faces that are cut out of a group, spread over it; more improve a model little."""
_GONE = "These faces were named or moved meanwhile, on another page or by another program."
_NO_PICTURES = "None of these faces can be cut out: their files are gone or have changed."


@dataclass(frozen=True, slots=True)
class Done:
    """What was done.

    Args:
        correction: its number in the log, by which it can be undone.
        faces: how many faces it was about.
        left_out: how many faces could not be cut out and keep what they had.
        name: the person's name as it is spelled in the folder; empty where it is not about one.
    """

    correction: int
    faces: int
    left_out: int = 0
    name: str = ""


class Naming:
    """Does what the forms ask for, one at a time.

    Args:
        writable: the folder of faces and the model.
        view: the groups.
        picture: makes the picture of a face; None for a face whose file is gone.
    """

    def __init__(
        self, writable: Writable, view: FacesView, picture: Callable[[MinedFace], Awaitable[bytes | None]]
    ) -> None:
        self._faces_folder = writable.faces
        self._model = writable.model
        self._view = view
        self._picture = picture
        self.store = CorrectionStore(store_beside(os.fspath(writable.model)))
        self._turn = asyncio.Lock()
        self._known: tuple[object, list[Entry], Corrections] | None = None

    async def name(self, ids: Sequence[str], typed: str) -> Done:
        """Give unknown faces a name.

        Args:
            ids: of faces of the view.
            typed: the name.
        Raises: FormError: the name cannot be used, or nothing is left to name; MinerError: nothing can be
            written.
        """
        name = checked_name(typed, await asyncio.to_thread(people_of, self._faces_folder))
        async with self._turn:
            shown = await self._open_faces(ids)
            return await self._named(
                [(one.face, one.others) for one in shown], [one.id for one in shown], name
            )

    async def rename(self, faces: Sequence[MinedFace], typed: str) -> Done:
        """Give faces that have a wrong name the right one. Raises: as `name`."""
        name = checked_name(typed, await asyncio.to_thread(people_of, self._faces_folder))
        async with self._turn:
            return await self._named([(face, ()) for face in faces], _ids(faces), name)

    async def strangers(self, ids: Sequence[str]) -> Done:
        """Mark faces as those of strangers, which the page does not show again. Raises: as `name`."""
        async with self._turn:
            shown = await self._open_faces(ids)
            entry = await asyncio.to_thread(self.store.name, _all_of(shown), UNKNOWN)
            return await self._settled(shown, entry)

    async def not_faces(self, ids: Sequence[str]) -> Done:
        """Mark detections that are not faces. Raises: as `name`."""
        async with self._turn:
            shown = await self._open_faces(ids)
            entry = await asyncio.to_thread(self.store.not_a_face, _all_of(shown))
            return await self._settled(shown, entry)

    async def move_out(self, ids: Sequence[str], group: int) -> Done:
        """Move faces out of a group, to those that are like no other. Raises: as `name`."""
        async with self._turn:
            shown = [one for one in await self._open_faces(ids) if one.group == group != ALONE]
            if not shown:
                raise FormError(409, _GONE)
            pictures = [_without_picture(one.face) for one in shown]
            entry = await asyncio.to_thread(self.store.not_name, pictures, group_folder(group))
            await asyncio.to_thread(self._view.move_out, [one.id for one in shown], entry.id)
            return Done(entry.id, len(shown))

    async def merge(self, groups: Sequence[int]) -> Done:
        """Merge groups that show one person. Raises: as `name`."""
        async with self._turn:
            counts = await asyncio.to_thread(lambda: {one: self._view.count(one) for one in groups})
            there = sorted(one for one, count in counts.items() if count and one != ALONE)
            if len(there) < 2:
                raise FormError(
                    409, "Choose two or more groups of faces; some were named or merged meanwhile."
                )
            entry = await asyncio.to_thread(self.store.merge, there)
            await asyncio.to_thread(self._view.merge, there, entry.id)
            return Done(entry.id, sum(counts[one] for one in there))

    async def not_person(self, faces: Sequence[MinedFace], name: str) -> Done:
        """Reject the name that a run gave to faces. Raises: as `name`."""
        async with self._turn:
            pictures = [_without_picture(face) for face in faces]
            entry = await asyncio.to_thread(self.store.not_name, pictures, name)
            return Done(entry.id, len(faces), name=name)

    async def not_faces_of_person(self, faces: Sequence[MinedFace]) -> Done:
        """Mark detections that got a name but are not faces. Raises: as `name`."""
        async with self._turn:
            pictures = [_without_picture(face) for face in faces]
            entry = await asyncio.to_thread(self.store.not_a_face, pictures)
            await asyncio.to_thread(self._view.settle, _ids(faces), entry.id)
            return Done(entry.id, len(faces))

    async def undo(self, correction: int) -> bool:
        """Take a correction back; the pictures that it added move to whom they show now, or to `_undone`.

        Returns: False if the groups must be made again to show it.
        Raises: UsageError: it is undone already; MinerError: nothing can be written.
        """
        async with self._turn:
            entry = await asyncio.to_thread(self.store.undo, correction)
            if entry.do is Action.NAME and entry.name is not None:
                keys = {face.key for face in entry.faces}
                await asyncio.to_thread(take_back, self._faces_folder, entry.name, keys, self._person_of)
            return await asyncio.to_thread(self._view.take_back, entry.id)

    def _person_of(self, key: FaceKey) -> str | None:
        """The name that a face has after all corrections; None if it has none."""
        verdict = self.verdicts().verdict(key)
        return None if verdict is None or verdict.name == UNKNOWN else verdict.name

    def recent(self, most: int) -> list[Entry]:
        """Return the last corrections that are not undone, the newest first.

        Raises: ModelError: the log cannot be read.
        """
        return self._log()[0][-most:][::-1]

    def verdicts(self) -> Corrections:
        """Return the corrections of each face.

        Raises: ModelError: the log cannot be read.
        """
        return self._log()[1]

    def _log(self) -> tuple[list[Entry], Corrections]:
        """The corrections that hold; the log is read again only after it has changed."""
        try:
            status = self.store.log_path.stat()
            stamp: object = (status.st_ino, status.st_size, status.st_mtime_ns)
        except OSError:
            stamp = None
        if self._known is None or self._known[0] != stamp:
            active = self.store.active()
            self._known = (stamp, active, Corrections(active))
        return self._known[1], self._known[2]

    async def _open_faces(self, ids: Sequence[str]) -> list[ShownFace]:
        """The faces among these that have no correction yet.

        Raises: FormError: there are none.
        """
        if not ids:
            raise FormError(400, "No face is chosen.")
        shown = await asyncio.to_thread(self._view.of_ids, ids)
        said = await asyncio.to_thread(self.verdicts)
        found = []
        for one in shown:
            verdict = said.verdict(one.face.key)
            if verdict is None or (verdict.is_face and verdict.name is None):
                found.append(one)
        if not found:
            raise FormError(409, _GONE)
        return found

    async def _named(
        self, faces: Sequence[tuple[MinedFace, Sequence[FaceKey]]], ids: Sequence[str], name: str
    ) -> Done:
        places = _spread(len(faces), _MOST_PICTURES)
        pictures = await asyncio.gather(*(self._picture(faces[at][0]) for at in places))
        cut = [(faces[at][0], png) for at, png in zip(places, pictures, strict=True) if png is not None]
        if not cut:
            raise FormError(409, _NO_PICTURES)
        unlike = await asyncio.to_thread(self._unlike_others, [face for face, _ in cut])
        trained = [(face, png) for face, png in cut if face.key not in unlike]
        await asyncio.to_thread(write_pictures, self._faces_folder, trained, name)
        kept = {face.key: png for face, png in cut if face.key in unlike}
        gone = {at for at, png in zip(places, pictures, strict=True) if png is None}
        named = [at for at in range(len(faces)) if at not in gone]
        about = [one._replace(png=kept.get(one.key)) for at in named for one in _whole_track(*faces[at])]
        entry = await asyncio.to_thread(self.store.name, about, name)
        await asyncio.to_thread(self._view.settle, [ids[at] for at in named], entry.id)
        return Done(entry.id, len(named), len(gone), name)

    def _unlike_others(self, faces: Sequence[MinedFace]) -> set[FaceKey]:
        """The faces that cannot be prepared as the others, because they have no landmarks to align them by.

        One training takes pictures of one kind, so their pictures are kept beside the log. Mining knows these
        faces by their files and boxes.
        """
        unaligned = {face.key for face in faces if face.landmarks is None}
        return unaligned if unaligned and facts_for(self._model).aligned else set()

    async def _settled(self, shown: Sequence[ShownFace], entry: Entry) -> Done:
        await asyncio.to_thread(self._view.settle, [one.id for one in shown], entry.id)
        return Done(entry.id, len(shown))


def _spread(count: int, most: int) -> list[int]:
    """The places of at most `most` of `count` things, evenly spread."""
    return list(range(count)) if count <= most else [place * count // most for place in range(most)]


def _ids(faces: Sequence[MinedFace]) -> list[str]:
    """What the view calls faces, if it has them."""
    return [face_id(face.key) for face in faces]


def _without_picture(face: MinedFace) -> FacePicture:
    """A face for the log; its picture is in the folder of faces."""
    return FacePicture(face.key, face.size_bytes, face.path)


def _whole_track(face: MinedFace, others: Sequence[FaceKey]) -> list[FacePicture]:
    """A face and its other appearances in the same video, for the log."""
    keys = (face.key, *others)
    return [FacePicture(key, face.size_bytes, face.path) for key in keys]


def _all_of(shown: Sequence[ShownFace]) -> list[FacePicture]:
    return [one for face in shown for one in _whole_track(face.face, face.others)]
