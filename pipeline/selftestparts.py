"""The self-test's own components: a detector that always finds a box, a writer that lists its results."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.component import Detector, Writer
from pipeline.detections import Box, Detection, FrameResult, Label
from pipeline.files.outputs import write_file
from pipeline.frame import Frame
from pipeline.source import MediaFacts, Source

FRAMES_ENDING = ".frames.txt"


class OneBox(Detector):
    """Finds the left upper quarter of each region."""

    forkable = True

    def detect(self, frame: Frame, regions: Sequence[Box]) -> list[Detection]:
        """Return one detection a region."""
        quarters = (Box(box.x1, box.y1, (box.x1 + box.x2) // 2, (box.y1 + box.y2) // 2) for box in regions)
        return [Detection(quarter, (Label("box", 0.5),)) for quarter in quarters]


class FramesWriter(Writer):
    """Writes a line for each frame: the names of the detectors whose results came with it."""

    forkable = True
    finished_last = True

    @contextlib.contextmanager
    def open(self, source: Source, facts: MediaFacts, output_root: Path) -> Iterator[FramesSession]:
        """Begin the list of one input's frames."""
        session = FramesSession()
        yield session
        content = "".join(f"{line}\n" for line in session.lines).encode()
        write_file(self.path_for(source, output_root, FRAMES_ENDING), content)


class FramesSession:
    """The lines of one input."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add the line of one frame."""
        self.lines.append(" ".join(result.found))
