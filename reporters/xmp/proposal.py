"""The keywords and named faces that a sidecar is to hold, as plain values without XMP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.detections import UNKNOWN, Box, Detection, FrameResult, Label
from pipeline.text import Spellings, name_key

_MOST_CHARACTERS = 200


class Found(NamedTuple):
    """One thing that was found.

    Args:
        text: its label or name, as it goes into a keyword.
        is_name: a recognizer gave it.
        box: upright pixels; None of a video.
    """

    text: str
    is_name: bool
    box: Box | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which detections go into sidecars.

    Args:
        min_confidence: 0 to 1; a label that has a lower one is left out, one without any stays.
        names: whether names are written.
        objects: whether other labels are.
    """

    min_confidence: float
    names: bool
    objects: bool

    def of(self, result: FrameResult) -> Iterator[Found]:
        """What is wanted of a frame's detections."""
        for detections in result.found.values():
            for detection in detections:
                found = self._of(detection)
                if found is not None:
                    yield found

    def _of(self, detection: Detection) -> Found | None:
        """A detection's best label, or the name that all of its labels agree on."""
        if not detection.labels:
            return None
        label = detection.labels[0]
        is_name = label.method is not None
        if is_name and not _agree(detection.labels):
            return None
        unsure = label.confidence is not None and label.confidence < self.min_confidence
        text = clean(label.text)
        if unsure or not text or text == UNKNOWN or not (self.names if is_name else self.objects):
            return None
        return Found(text, is_name, detection.box)


def _agree(labels: Iterable[Label]) -> bool:
    return len({name_key(label.text) for label in labels}) == 1


def clean(text: str) -> str:
    """A label without characters that XML or a list of keywords cannot hold, at most 200 characters."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(shown.split())[:_MOST_CHARACTERS].strip()


def each_once(found: Iterable[Found]) -> list[Found]:
    """Findings without their boxes, each label and each name once, in their order; for videos."""
    names, others = Spellings(), Spellings()
    once = {Found((names if one.is_name else others).first(one.text), one.is_name, None) for one in found}
    return sorted(once, key=lambda one: (not one.is_name, one.text))
