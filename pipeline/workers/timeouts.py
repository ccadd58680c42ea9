"""How long a worker may take for a task, and the sentence of a task that took longer."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.tasks import MinePhoto, MineSegment, Task
from pipeline.videos.pipereader import TIMEOUT_S

SEGMENT_TIMEOUT_S = TIMEOUT_S + 10.0
"""Between two frames of a segment. The reader's own timeout for ffmpeg has to run out first."""
WHOLE_FILE_TIMEOUT_S = 3600.0
"""For probing a video and joining its segments, which read or write whole files; each wait for ffmpeg in them
has a timeout of its own."""


@dataclass(frozen=True, slots=True)
class TaskTimeouts:
    """The timeouts of a run.

    Args:
        photo_s: for a photo, seconds.
        segment_s: between two frames of a segment of a video, seconds.
    """

    photo_s: float
    segment_s: float = SEGMENT_TIMEOUT_S

    def seconds(self, task: Task) -> float:
        """How long a worker may take until it is done, or until its next heartbeat."""
        match task:
            case MinePhoto():
                return self.photo_s
            case MineSegment():
                return self.segment_s
        return WHOLE_FILE_TIMEOUT_S

    def sentence(self, task: Task) -> str:
        """Why a task has failed whose worker was killed at its deadline."""
        match task:
            case MinePhoto():
                return f"not done after {self.photo_s:g} s; --timeout SECONDS allows more"
            case MineSegment():
                return f"no frame was mined for {self.segment_s:g} s"
        return f"reading it, or joining its segments, was not done after {WHOLE_FILE_TIMEOUT_S:g} s"
