"""The store of corrections: a folder of the user's beside a face model.

`familymodel-corrections/` belongs to the model directory `familymodel`. It holds `corrections.jsonl`, a log
with one JSON object for each correction (see `recognizers.corrections.entry`), and `pictures/`, the corrected
faces as `crop` cuts them, which the next training uses. Nothing is ever removed from the log: an undo is an
entry too. Training, mining and pruning never write here.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from pipeline.errors import ModelError, UsageError
from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import write_file
from pipeline.text import printable
from recognizers.corrections.entry import Action, CorrectedFace, Entry
from recognizers.faces.facekey import FaceKey

LOG_NAME = "corrections.jsonl"
PICTURES_FOLDER = "pictures"
_SUFFIX = "-corrections"
_MAX_LOG_BYTES = 256 << 20


class FacePicture(NamedTuple):
    """A face to be corrected.

    Args:
        key: which face it is.
        size_bytes: of the file that shows it.
        photo: path of that file, as `os.fsdecode` gives it.
        png: its picture with its facts, for the next training; None if none is kept.
    """

    key: FaceKey
    size_bytes: int
    photo: str
    png: bytes | None = None


def store_beside(model_directory: str) -> Path:
    """Return the folder of the corrections that belong to a model directory; neither need exist."""
    return Path(os.path.abspath(model_directory) + _SUFFIX)


def log_beside(model_directory: str) -> tuple[Path, ...]:
    """Return the file with the corrections that belong to a model directory; nothing if there is none."""
    path = store_beside(model_directory) / LOG_NAME
    return (path,) if path.is_file() else ()


class CorrectionStore:
    """Reads and appends corrections. Several processes may use one store at the same time.

    Args:
        folder: of the store; created by the first correction.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def log_path(self) -> Path:
        """The file with the corrections."""
        return self.folder / LOG_NAME

    def entries(self) -> list[Entry]:
        """Return the whole log, oldest first; an empty one if there is no store.

        Raises: ModelError: the log cannot be read, or a line of it is wrong; names the line.
        """
        return _parsed(self._content(), printable(self.log_path))

    def active(self) -> list[Entry]:
        """Return the corrections that are not undone, oldest first.

        Raises: ModelError: as `entries`.
        """
        return not_undone(self.entries())

    def name(self, faces: Sequence[FacePicture], name: str) -> Entry:
        """Give faces the name of a person; `unknown` for a stranger, whose faces are not trained.

        Raises: OutputError: the store cannot be written; ModelError: as `entries`.
        """
        return self._append(Action.NAME, faces, name=name)

    def not_name(self, faces: Sequence[FacePicture], name: str) -> Entry:
        """Say that faces are not those of a person. Raises: as `name`."""
        return self._append(Action.NOT_NAME, faces, name=name)

    def not_a_face(self, faces: Sequence[FacePicture]) -> Entry:
        """Say that what was found are no faces. Raises: as `name`."""
        return self._append(Action.NOT_A_FACE, faces)

    def merge(self, groups: Iterable[int]) -> Entry:
        """Say that groups of unknown faces show one person; the smallest number stays. Raises: as `name`."""
        return self._append(Action.MERGE, groups=tuple(sorted(set(groups))))

    def undo(self, number: int | None = None) -> Entry:
        """Undo a correction, and return it.

        Args:
            number: `id` of the correction; None for the last one that is not undone.
        Raises: UsageError: there is no such correction, or it is undone; else as `name`.
        """
        with self._locked():
            active = self.active()
            undone = [entry for entry in active if number is None or entry.id == number][-1:]
            if not undone:
                what = "there is no correction" if number is None else f"there is no correction {number}"
                raise UsageError(f"{printable(self.log_path)}: {what} that could be undone")
            self._write(Action.UNDO, undoes=undone[0].id)
        return undone[0]

    def picture_of(self, face: CorrectedFace) -> Path | None:
        """Return the kept picture of a face; None if there is none."""
        if face.picture is None:
            return None
        path = self.folder / PICTURES_FOLDER / face.picture
        return path if path.is_file() else None

    def _append(self, do: Action, faces: Sequence[FacePicture] = (), **fields: object) -> Entry:
        with self._locked():
            return self._write(do, faces, **fields)

    def _write(self, do: Action, faces: Sequence[FacePicture] = (), **fields: object) -> Entry:
        """Add an entry to the log, which is replaced as a whole; the lock is held."""
        content = self._content()
        entries = _parsed(content, printable(self.log_path))
        number = entries[-1].id + 1 if entries else 1
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            logged = tuple(map(_logged, faces))
            values = {"id": number, "when": now, "do": do, "faces": logged, **fields}
            entry = Entry.model_validate(values)
        except ValidationError as error:
            raise UsageError(f"no correction can be made of this: {error.errors()[0]['msg']}") from None
        for face, kept in zip(faces, entry.faces, strict=True):
            if face.png is not None and kept.picture is not None:
                write_file(self.folder / PICTURES_FOLDER / kept.picture, face.png)
        line = entry.model_dump_json(exclude_defaults=True).encode()
        if content and not content.endswith(b"\n"):
            content += b"\n"
        write_file(self.log_path, content + line + b"\n")
        return entry

    def _content(self) -> bytes:
        try:
            with open(self.log_path, "rb") as stream:
                content = stream.read(_MAX_LOG_BYTES + 1)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise ModelError(f"{printable(self.log_path)}: cannot be read ({error.strerror})") from None
        if len(content) > _MAX_LOG_BYTES:
            raise ModelError(
                f"{printable(self.log_path)}: has over {_MAX_LOG_BYTES >> 20} MB, no log of ours"
            )
        return content

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of the folder, which other processes wait for."""
        with output_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with contextlib.suppress(OSError):  # a file system without locks; the log is still replaced whole
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def not_undone(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries of a log that are corrections and not undone, in order."""
    active: dict[int, Entry] = {}
    for entry in entries:
        if entry.undoes is not None:
            active.pop(entry.undoes, None)
        else:
            active[entry.id] = entry
    return list(active.values())


def _parsed(content: bytes, shown: str) -> list[Entry]:
    entries: list[Entry] = []
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            entry = Entry.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            reason = f"{where}: {first['msg']}" if where else first["msg"]
            raise ModelError(
                f"{shown}:{number}: is no correction ({printable(reason)}); mend the line"
            ) from None
        if entries and entry.id <= entries[-1].id:
            raise ModelError(
                f"{shown}:{number}: id {entry.id} does not follow {entries[-1].id}; mend the line"
            )
        entries.append(entry)
    return entries


def _logged(face: FacePicture) -> CorrectedFace:
    """Return a face as the log has it."""
    sha256, frame, box = face.key
    return CorrectedFace(
        sha256=sha256,
        bytes=face.size_bytes,
        frame=frame,
        box=box,
        photo=os.fsencode(face.photo).decode("utf-8", "replace"),
        picture=None if face.png is None else _picture_name(face.key),
    )


def _picture_name(key: FaceKey) -> str:
    box = "-".join(str(side).replace("-", "m") for side in key.box)
    return f"{key.sha256[:32]}-{key.frame}-{box}.png"
