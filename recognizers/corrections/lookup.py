"""Looks corrections up by the content of a file and a box in it, for runs and training."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.detections import Box
from recognizers.corrections.entry import Action, CorrectedFace, Entry
from recognizers.corrections.store import CorrectionStore, not_undone, store_beside
from recognizers.faces.facekey import FaceKey
from recognizers.model.strategies import UNKNOWN

_SAME_FACE_IOU = 0.5
"""A box that overlaps a corrected one so much is that of the same face; detectors move them a bit."""


@dataclass
class Verdict:
    """The corrections of one face.

    Args:
        face: the face, as the last correction of it has it.
        name: the right name, or None if it was not said.
        not_names: the names that are wrong.
        is_face: False if it is none.
    """

    face: CorrectedFace
    name: str | None = None
    not_names: set[str] = field(default_factory=set)
    is_face: bool = True

    def label(self, label: str) -> str | None:
        """Return the label that a recognizer should give instead of `label`; None if there is no face."""
        if not self.is_face:
            return None
        if self.name is not None:
            return self.name
        return UNKNOWN if label in self.not_names else label


class Corrections:
    """All corrections that hold, in memory.

    Args:
        entries: of a log; undone corrections are left out.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.merges: list[tuple[int, ...]] = []
        self._of_content: dict[str, list[Verdict]] = defaultdict(list)
        for entry in not_undone(entries):
            if entry.do is Action.MERGE:
                self.merges.append(entry.groups)
            for face in entry.faces:
                self._take(entry, face)
        self._sizes = frozenset(verdict.face.bytes for verdict in self.verdicts)

    @classmethod
    def beside(cls, model_directory: str) -> Corrections:
        """Read the corrections that belong to a model directory; none if there is no store.

        Raises: ModelError: the log cannot be read, or a line of it is wrong.
        """
        return cls(CorrectionStore(store_beside(model_directory)).entries())

    def __bool__(self) -> bool:
        return bool(self._of_content or self.merges)

    @property
    def verdicts(self) -> list[Verdict]:
        """Return what is known about every corrected face, those of one file together."""
        return [verdict for verdicts in self._of_content.values() for verdict in verdicts]

    def holds(self, sha256: str) -> bool:
        """Return whether a content has corrected faces."""
        return sha256 in self._of_content

    def may_hold(self, size_bytes: int) -> bool:
        """Return whether a file of this size can have corrected faces: a cheap test before it is hashed."""
        return size_bytes in self._sizes

    def verdict(self, key: FaceKey) -> Verdict | None:
        """Return what is known about a face: of the same content and frame, and with a box like the key's."""
        box, best, overlap = Box(*key.box), None, _SAME_FACE_IOU
        for verdict in self._of_content.get(key.sha256, ()):
            if verdict.face.frame == key.frame and (iou := box.iou(Box(*verdict.face.box))) >= overlap:
                best, overlap = verdict, iou
        return best

    def label(self, key: FaceKey, label: str) -> str | None:
        """Return the label that a face should have instead of a recognizer's; None if it is no face."""
        verdict = self.verdict(key)
        return label if verdict is None else verdict.label(label)

    def digest(self, sha256: str) -> str:
        """Return a hash of all corrections of one content, hexadecimal; empty if there are none."""
        verdicts = self._of_content.get(sha256)
        if not verdicts:
            return ""
        said = sorted(f"{v.face.key} {v.is_face} {v.name!r} {sorted(v.not_names)!r}" for v in verdicts)
        return hashlib.sha256("\n".join(said).encode("utf-8", "backslashreplace")).hexdigest()

    def _take(self, entry: Entry, face: CorrectedFace) -> None:
        verdict = self.verdict(face.key)
        if verdict is None:
            verdict = Verdict(face)
            self._of_content[face.sha256].append(verdict)
        if face.picture is not None:
            verdict.face = face
        verdict.is_face = entry.do is not Action.NOT_A_FACE
        if entry.do is Action.NAME:
            verdict.name = entry.name
            verdict.not_names.discard(entry.name or "")
        elif entry.do is Action.NOT_NAME:
            verdict.not_names.add(entry.name or "")
        if entry.do is Action.NOT_A_FACE or verdict.name in verdict.not_names:
            verdict.name = None
