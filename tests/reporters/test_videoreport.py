"""Parts of a video's report."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.detections import Box, Detection, FrameResult, Label
from pipeline.errors import OutputError
from pipeline.frame import Frame
from reporters.videoreport import open_frames_part

FRAME = Frame.from_rgb(np.zeros((8, 8, 3), np.uint8))


def result(index: int) -> FrameResult:
    """A frame with one detection, which alone does not fill the writer's buffer."""
    return FrameResult(index, index / 25, {"objects": (Detection(Box(0, 0, 8, 8), (Label("cat", 0.5),)),)})


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("frames", [1, 3000])
def test_a_full_disk_is_an_output_error_wherever_it_shows(frames: int) -> None:
    """The last bytes reach the disk only when the part is closed."""
    with pytest.raises(OutputError), open_frames_part(Path("/dev/full")) as session:
        for index in range(frames):
            session.write(FRAME, result(index))


def test_an_error_of_the_caller_is_handed_on(tmp_path: Path) -> None:
    with pytest.raises(KeyError), open_frames_part(tmp_path / "part"):
        raise KeyError
