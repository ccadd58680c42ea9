"""The unknown faces of a collection in their groups, as the pages show them: an SQLite file in the cache.

A program of its own (`search.web.people.grouping`) makes the file and replaces it as a whole. The server
reads it page by page and notes in it which faces have been dealt with since. It can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.detections import Box
from pipeline.source import SourceKind
from recognizers.faces.facekey import FaceKey
from recognizers.unknown.minedfaces import MinedFace
from recognizers.unknown.tracks import Track

ALONE = 0
"""The group of faces that are like no other."""
_VERSION = 1
_SCHEMA = f"""
PRAGMA user_version = {_VERSION};
CREATE TABLE face(id TEXT PRIMARY KEY, grp INTEGER NOT NULL, own INTEGER NOT NULL, rank INTEGER NOT NULL,
  path BLOB NOT NULL, face TEXT NOT NULL, others TEXT NOT NULL, settled INTEGER, moved INTEGER) WITHOUT ROWID;
CREATE INDEX face_grp ON face(grp, rank, id) WHERE settled IS NULL;
CREATE INDEX face_settled ON face(settled) WHERE settled IS NOT NULL;
CREATE INDEX face_moved ON face(moved) WHERE moved IS NOT NULL;
CREATE TABLE alike(one INTEGER NOT NULL, other INTEGER NOT NULL);
CREATE TABLE fact(name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
"""`own`: the group before people merged or moved; `rank`: the order in a group; `others`: the other faces of
the track; `settled`, `moved`: number of the correction that took the face out of its group."""


@dataclass(frozen=True, slots=True)
class ShownFace:
    """One face of a group.

    Args:
        id: the same in every view of the collection.
        group: number of its group, or `ALONE`.
        face: the appearance that shows most.
        others: the keys of its other appearances in the same video.
    """

    id: str
    group: int
    face: MinedFace
    others: tuple[FaceKey, ...]


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """A group with its first faces."""

    number: int
    count: int
    faces: tuple[ShownFace, ...]


def face_id(key: FaceKey) -> str:
    """Return what a face is called in addresses and forms."""
    return hashlib.sha256(str(key).encode()).hexdigest()[:20]


def write_view(
    path: Path,
    numbered: Mapping[int, Sequence[Track]],
    singles: Sequence[Track],
    alike: Iterable[tuple[int, int]],
    facts: Mapping[str, int],
) -> None:
    """Replace the file.

    Args:
        path: of the file.
        numbered: the groups.
        singles: faces that are like no other.
        alike: pairs of groups that may show one person, the most alike first.
        facts: numbers by name, see `FacesView.fact`.
    Raises: OSError, sqlite3.Error: it cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(part)) as connection, connection:
            connection.executescript(_SCHEMA)
            for number, tracks in [*numbered.items(), (ALONE, singles)]:
                rows = (_row(number, rank, track) for rank, track in enumerate(tracks))
                connection.executemany("INSERT OR IGNORE INTO face VALUES (?,?,?,?,?,?,?,NULL,NULL)", rows)
            connection.executemany("INSERT INTO alike VALUES (?,?)", alike)
            connection.executemany("INSERT INTO fact VALUES (?,?)", facts.items())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


class FacesView:
    """Reads the file, and records which faces are corrected. Safe for threads and for a replaced file.

    Methods return nothing, or nothing of a group, while there is no file.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def fact(self, name: str) -> int | None:
        """Return a number about the whole: `problems` (files that could not be read), `undescribed` (faces
        that cannot be compared).
        """
        with self._opened() as connection:
            if connection is None:
                return None
            row = connection.execute("SELECT value FROM fact WHERE name=?", (name,)).fetchone()
        return None if row is None else int(row[0])

    def groups(self, offset: int, limit: int, samples: int) -> list[GroupSummary]:
        """Return groups, the largest first, without the faces that are like no other.

        Args:
            offset: how many groups to leave out.
            limit: the most faces or groups returned.
            samples: number of faces of each.
        """
        with self._opened() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                "SELECT grp, count(*) FROM face WHERE settled IS NULL AND grp>? GROUP BY grp "
                "ORDER BY count(*) DESC, grp LIMIT ? OFFSET ?",
                (ALONE, limit, offset),
            ).fetchall()
        return [GroupSummary(number, count, tuple(self.faces(number, 0, samples))) for number, count in rows]

    def count_groups(self) -> int:
        """Return the number of groups that have faces."""
        with self._opened() as connection:
            sql = "SELECT count(DISTINCT grp) FROM face WHERE settled IS NULL AND grp>?"
            return 0 if connection is None else int(connection.execute(sql, (ALONE,)).fetchone()[0])

    def count(self, group: int) -> int:
        """Return the number of faces of a group."""
        with self._opened() as connection:
            sql = "SELECT count(*) FROM face WHERE settled IS NULL AND grp=?"
            return 0 if connection is None else int(connection.execute(sql, (group,)).fetchone()[0])

    def faces(self, group: int, offset: int, limit: int) -> list[ShownFace]:
        """Return faces of a group in their order."""
        with self._opened() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                "SELECT id, grp, path, face, others FROM face WHERE settled IS NULL AND grp=? "
                "ORDER BY rank, id LIMIT ? OFFSET ?",
                (group, limit, offset),
            ).fetchall()
        return [_shown(row) for row in rows]

    def of_ids(self, ids: Sequence[str]) -> list[ShownFace]:
        """Return those of these faces that are in the view and not corrected."""
        found = []
        with self._opened() as connection:
            if connection is None:
                return []
            for one in dict.fromkeys(ids):
                row = connection.execute(
                    "SELECT id, grp, path, face, others FROM face WHERE settled IS NULL AND id=?", (one,)
                ).fetchone()
                if row is not None:
                    found.append(_shown(row))
        return found

    def alike(self) -> dict[int, int]:
        """Return group -> the group that is most like it, if one may show the same person."""
        with self._opened() as connection:
            rows = [] if connection is None else connection.execute("SELECT one, other FROM alike").fetchall()
        found: dict[int, int] = {}
        for one, other in rows:
            found.setdefault(one, other)
            found.setdefault(other, one)
        return found

    def settle(self, ids: Sequence[str], correction: int) -> None:
        """Remove faces from the view, after a correction named them or marked them as not faces."""
        self._change("UPDATE face SET settled=? WHERE id=?", ((correction, one) for one in ids))

    def move_out(self, ids: Sequence[str], correction: int) -> None:
        """Move faces out of their group, to those that are like no other."""
        rows = ((ALONE, correction, one) for one in ids)
        self._change("UPDATE face SET grp=?, moved=? WHERE id=?", rows)

    def merge(self, groups: Sequence[int], correction: int) -> None:
        """Put the faces of several groups into the one with the smallest number."""
        kept = min(groups)
        rows = ((kept, correction, other) for other in groups if other != kept)
        self._change("UPDATE face SET grp=?, moved=? WHERE grp=?", rows)

    def take_back(self, correction: int) -> bool:
        """Undo what a correction did to the view; False if the view was made after it."""
        changed = self._change("UPDATE face SET settled=NULL WHERE settled=?", [(correction,)])
        changed += self._change("UPDATE face SET grp=own, moved=NULL WHERE moved=?", [(correction,)])
        return changed > 0

    def _change(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        with self._opened() as connection:
            if connection is None:
                return 0
            with connection:
                return connection.executemany(sql, rows).rowcount

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection | None]:
        """A connection; None while there is no file, or one of another version."""
        connection = None
        try:
            connection = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=rw", uri=True, timeout=10)
            if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                connection.close()
                connection = None
        except sqlite3.Error:
            connection = None
        try:
            yield connection
        finally:
            if connection is not None:
                connection.close()


def _row(group: int, rank: int, track: Track) -> tuple[str, int, int, int, bytes, str, str]:
    best = track.best
    face = {
        "kind": best.kind.value,
        "sha256": best.sha256,
        "size": best.size_bytes,
        "frame": best.frame,
        "time": best.time_s,
        "box": best.box.xyxy,
        "landmarks": best.landmarks,
        "label": best.label,
        "distance": best.distance,
        "component": best.component,
    }
    others = [str(one.key) for one in track.faces if one.key != best.key]
    key = face_id(best.key)
    return key, group, group, rank, os.fsencode(best.path), json.dumps(face), json.dumps(others)


def _shown(row: tuple[str, int, bytes, str, str]) -> ShownFace:
    face = json.loads(row[3])
    marks = face["landmarks"]
    mined = MinedFace(
        path=os.fsdecode(row[2]),
        kind=SourceKind(face["kind"]),
        sha256=face["sha256"],
        size_bytes=face["size"],
        frame=face["frame"],
        time_s=face["time"],
        box=Box(*face["box"]),
        landmarks=None if marks is None else tuple((x, y) for x, y in marks),
        label=face["label"],
        distance=face["distance"],
        component=face["component"],
    )
    return ShownFace(row[0], row[1], mined, tuple(FaceKey.parse(text) for text in json.loads(row[4])))
