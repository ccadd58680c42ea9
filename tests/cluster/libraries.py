"""Photos and a video to mine, a pipeline for them, and the outputs of a run to compare."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

from tests.running import component, pipeline_file
from tests.videos import make_video

PIPELINE = (
    component("faces", "simpledetector", model="haarcascade_frontalface_default.xml"),
    component("report", "jsonreportwriter", "faces"),
    component("copies", "photowriter", "faces"),
    component("videos", "videowriter", "faces"),
)


def make_library(folder: Path, photos: int = 12, *, video_s: int = 6) -> Path:
    """Write photos into two folders, and a video that is cut into segments; returns the folder."""
    for number in range(photos):
        path = folder / f"{2016 + number % 2}" / f"photo {number:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.effect_noise((160 + 10 * number, 120), 50).convert("RGB")
        ImageDraw.Draw(picture).ellipse((20, 20, 60 + number, 80), fill=(200, 20 * (number % 12), 30))
        picture.save(path)
    if video_s:
        make_video(folder / "trip.mp4", frames=25 * video_s)
    return folder


def make_pipeline(folder: Path) -> Path:
    """Write the pipeline file."""
    folder.mkdir(parents=True, exist_ok=True)
    return pipeline_file(folder / "pipeline.yml", *PIPELINE)


def outputs(folder: Path) -> dict[str, bytes]:
    """All reports and annotated copies of an output folder, by their names in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
