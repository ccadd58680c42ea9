"""Collections of drawn photos and videos that the tests mine, with faces in known places."""

from __future__ import annotations

import subprocess
from pathlib import Path

from pipeline.config.config import read_config
from pipeline.host.ffmpeg import ffmpeg_path
from pipeline.outcome import Status
from pipeline.source import Limits
from pipeline.workers.executor import SerialExecutor
from pipeline.workers.messages import WorkerSettings
from tests.drawnfaces import draw_photo
from tests.pictures import source_of as photo_source
from tests.running import component, pipeline_file
from tests.videos import source_of as video_source

FACES = component("faces", "tests.plugins.drawnfaces:DrawnFaces")
REPORT = component("report", "jsonreportwriter", "faces")


def names(model: Path) -> tuple[str, str]:
    """A recognizer with a model, and a report of it."""
    return (
        component("names", "recognizer", "faces", model=str(model), optional=True),
        component("report", "jsonreportwriter", "faces, names"),
    )


def draw(folder: Path, name: str, people: list[int], picture: int) -> Path:
    """Write a photo of these people."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_photo(people, picture, 96).save(folder / name)
    return folder / name


def draw_video(folder: Path, name: str, people: list[int], frames: int) -> Path:
    """Write a lossless video of these people, five frames a second, a picture each frame."""
    pictures = folder / "frames-of-it"
    for number in range(frames):
        draw(pictures, f"{number:03}.png", people, number)
    command = [ffmpeg_path(), "-v", "error", "-framerate", "5", "-i", pictures / "%03d.png"]
    subprocess.run([*command, "-c:v", "ffv1", folder / name], check=True, timeout=60)
    for picture in pictures.iterdir():
        picture.unlink()
    pictures.rmdir()
    return folder / name


def mine(folder: Path, *components: str, photos: str = "photos", out: str = "out") -> Path:
    """Mine all of FOLDER/photos into FOLDER/out; returns the latter."""
    path = pipeline_file(folder / "p.yml", *(components or (FACES, REPORT)))
    (folder / out).mkdir(exist_ok=True)
    settings = WorkerSettings(read_config(str(path), allow_plugins=True), folder / out, Limits())
    paths = sorted((folder / photos).iterdir())
    sources = [video_source(one) if one.suffix == ".mkv" else photo_source(one) for one in paths]
    for outcome in SerialExecutor(settings).mine(sources):
        assert outcome.status is Status.MINED, outcome
    return folder / out
