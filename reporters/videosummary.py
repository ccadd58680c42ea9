"""The summary of a video's report: for each label when it is seen, and in which frame it is seen best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.detections import FrameResult
from pipeline.text import Spellings


@dataclass(slots=True)
class Sighting:
    """When and where a video shows one label.

    Args:
        frames: number of mined frames that show it.
        first_s, last_s: when it is first and last seen, seconds.
        frame_index: index of the frame with the highest confidence; of the first frame if none has any.
        confidence: in that frame, or None.
    """

    frames: int
    first_s: float
    last_s: float
    frame_index: int
    confidence: float | None


@dataclass(slots=True)
class VideoSummary:
    """Sightings by label, in the order of first appearance; frames must be added in the order of the video.

    Labels that differ only in their Unicode form are one, spelled as the first of them.
    """

    sightings: dict[str, Sighting] = field(default_factory=dict)
    _spellings: Spellings = field(default_factory=Spellings)

    def add(self, result: FrameResult) -> None:
        """Add one frame; a label counts once in it, however often and by how many components it was found."""
        best: dict[str, float | None] = {}
        for detections in result.found.values():
            for detection in detections:
                for label in detection.labels:
                    text = self._spellings.first(label.text)
                    best[text] = _greater(best.get(text), label.confidence)
        time_s = result.timestamp or 0.0
        self.merge({text: Sighting(1, time_s, time_s, result.frame_index, best[text]) for text in best})

    def merge(self, later: Mapping[str, Sighting]) -> None:
        """Add the sightings of a later segment of the same video."""
        for spelling, new in later.items():
            text = self._spellings.first(spelling)
            known = self.sightings.get(text)
            if known is None:
                self.sightings[text] = new
                continue
            known.frames += new.frames
            known.last_s = new.last_s
            if new.confidence is not None and (known.confidence is None or new.confidence > known.confidence):
                known.frame_index, known.confidence = new.frame_index, new.confidence


def _greater(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
