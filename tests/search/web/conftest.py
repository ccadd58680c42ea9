"""A small collection of real files with reports, shown by a real server."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser
from starlette.testclient import TestClient

from search.place import index_path
from search.web.app import make_app
from search.web.settings import Settings
from tests.running import ROOT
from tests.search.outputs import Output, label, name
from tests.search.web.browsing import CHROMIUM, chromium
from tests.videos import make_video

_Result = TypeVar("_Result")

HOSTILE = '<script>alert("x")</script> \'"&\x1b[31m \u202etxt'
"""A label, and a part of a file name, meant to break a page."""
HOSTILE_PATH = f"2010/{HOSTILE.replace('/', '')}.jpg"
DOG_BOX = (200, 150, 500, 450)
PHOTO_WH = (800, 600)


def run_apart(work: Coroutine[Any, Any, _Result]) -> _Result:
    """The result of a coroutine, in a thread of its own: Playwright leaves a running loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@dataclass(frozen=True)
class Collection:
    """INPUT, and an OUTPUT with reports and index."""

    input: Path
    output: Output

    def settings(self, **more: Any) -> Settings:
        """How a server of it is started."""
        folder = self.output.folder
        return Settings(folder, index_path(folder), folder.with_name("thumbnails"), **more)


def _photo(path: Path, color: str, mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGB", PHOTO_WH, color)
    ImageDraw.Draw(picture).rectangle(DOG_BOX, "white")
    picture.convert(mode).save(path)


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """Photos of several formats, a video that browsers play and one that they do not, hostile words."""
    folder = tmp_path_factory.mktemp("collection")
    made = Collection(folder / "in", Output(folder / "out"))
    made.output.folder.mkdir()
    size = {"width": PHOTO_WH[0], "height": PHOTO_WH[1], "root": str(made.input)}
    dog = {"rect": list(DOG_BOX), "labels": [label("dog", 0.91)]}
    unnamed = {"rect": [300, 200, 400, 300], "labels": [label("face", 0.88)]}
    face = {"rect": [300, 200, 400, 300], "labels": [name("Anna", 0.4)]}
    for number in range(3):
        relative = f"2008/dog{number}.jpg"
        _photo(made.input / relative, "navy")
        frame = {"frame": 0, "objects": [dog]}
        if number == 0:
            frame |= {"faces": [unnamed], "names": [face]}
        taken = f"2008-06-1{number}T12:00:00"
        gps = {"latitude": 46.948, "longitude": 7.4474}
        given = {"keywords": ["Places|Rome"], "title": "At the <lake>", "rating": -1}
        made.output.report(relative, [frame], type="photo", taken=taken, gps=gps, **given, **size)
    _photo(made.input / "2009" / "deep.png", "green", "I;16")
    made.output.report(
        "2009/deep.png", [{"frame": 0, "objects": []}], type="photo", **size | {"format": "png"}
    )
    _photo(made.input / HOSTILE_PATH, "maroon")
    hostile = {"rect": [0, 0, 50, 50], "labels": [label(HOSTILE)]}
    made.output.report(HOSTILE_PATH, [{"frame": 0, "objects": [hostile]}], type="photo", **size)
    _videos(made)
    made.output.photo("gone.jpg", label("cat"), root=str(made.input))
    made.output.index()
    return made


def _videos(made: Collection) -> None:
    """Ten seconds each; a person from 4 s to 6 s."""
    times = [n / 5 for n in range(50)]
    box = {"rect": [10, 20, 60, 90], "labels": [label("person", 0.8)]}
    frames = [
        {"frame": n * 5, "time": time_s, "objects": [box] if 4 <= time_s <= 6 else []}
        for n, time_s in enumerate(times)
    ]
    head = {"type": "video", "duration": 10.0, "width": 160, "height": 96, "root": str(made.input)}
    make_video(made.input / "play.mp4", "-c:v", "libx264", "-g", "25", "-pix_fmt", "yuv420p", frames=250)
    made.output.report("play.mp4", frames, **head, format="mp4", taken="2011-01-01T00:00:00")
    make_video(made.input / "old.avi", "-c:v", "mpeg4", frames=250)
    made.output.report("old.avi", frames, **head, format="avi")


@pytest.fixture
def client(collection: Collection) -> Iterator[TestClient]:
    """Asks the application of the collection, without a network."""
    with TestClient(make_app(collection.settings()), base_url="http://127.0.0.1:8765") as made:
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium: one for all tests, because Playwright starts only once in a process."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def server(collection: Collection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the program `visualsearch.py serve` at work on the collection."""
    program = [sys.executable, ROOT / "visualsearch.py", "serve", collection.output.folder, "--port", "0"]
    environment = {**os.environ, "DEEPVISUALMINER_CACHE": str(tmp_path_factory.mktemp("cache"))}
    with subprocess.Popen(program, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        (address,) = re.findall(r"http://\S+/", process.stdout.readline())
        try:
            yield address
        finally:
            process.terminate()
