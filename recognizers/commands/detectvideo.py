"""`detectvideo VIDEO CASCADE OUTDIR`: draws the detections of a cascade in each frame of a video."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from pipeline.detections import Detection
from pipeline.files.outputs import check_writable
from pipeline.text import printable
from recognizers.commands.arguments import Lines, add_command, plural
from recognizers.commands.detect import write_annotated
from recognizers.commands.finding import Finder, face_finder
from recognizers.commands.videoframes import iter_video

_MIN_NEIGHBORS = 3
_MIN_SIDE_PX = 20
"""Smallest side of a face, as in 2017; a tenth of the side of a small video."""


def add_to(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "detectvideo",
        run,
        short="draw the detections of yunet or a cascade in a video's frames",
        long="Find faces with yunet, or the objects that a cascade is made for, in every frame of VIDEO, and "
        "write each frame, with their boxes drawn into it, to OUTDIR/frame-0.png, frame-1.png and so on.",
        example="detectvideo party.mp4 yunet frames",
    )
    parser.add_argument("video", metavar="VIDEO", help="a video")
    parser.add_argument("cascade", metavar="CASCADE", help="yunet, or a cascade's file name or path")
    parser.add_argument("outdir", metavar="OUTDIR", help="folder for the frames; made if it is missing")


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
    face_finder(options.cascade, min_neighbors=_MIN_NEIGHBORS, min_size=_MIN_SIDE_PX)
    frames = iter_video(options.video)
    find: Finder | None = None
    count = 0
    for frame in frames:
        if find is None:
            check_writable(Path(options.outdir))
            least = max(1, min(_MIN_SIDE_PX, min(frame.size_wh) // 10))
            find = face_finder(options.cascade, min_neighbors=_MIN_NEIGHBORS, min_size=least)
        boxes = find(frame)
        path = os.path.join(options.outdir, f"frame-{frame.index}.png")
        write_annotated(path, frame, [Detection(box, ()) for box in boxes])
        yield f"frame {frame.index}: {plural(len(boxes), 'hit')}"
        count += 1
    yield f"{plural(count, 'frame')} in {printable(options.outdir)}"
    return None
