"""The pictures of the documentation: a collection of free photographs in a real browser.

    DEEPVISUALMINER_SCREENSHOTS=DIR pytest tests/search/web/test_docpictures.py

writes them into DIR. The astronaut is in the public domain (NASA), the cat is CC0 (Stefan van der Walt), the
motorcycle BSD-3-Clause (scikit-image).
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pipeline.files.cachefolder import CACHE_VARIABLE, cache_folder
from pipeline.models.catalog import find_model
from pipeline.models.fetch import fetch
from tests.running import ROOT
from tests.search.outputs import Output, label, name
from tests.search.web.browsing import keep, watched_page
from tests.videos import ffmpeg

CAMERAS = ("Canon EOS 5D", "NIKON D70", "Apple iPhone 6")
FACE = (175, 60, 278, 186)
"""Of the astronaut, in the whole picture."""
SHOTS = (  # picture, left, top, right, bottom, date, mirrored
    ("astronaut.png", 0, 0, 512, 512, "2012-06-14T15:30:00", False),
    ("chelsea.png", 0, 0, 451, 300, "2012-06-14T11:02:00", False),
    ("motorcycle_left.png", 0, 0, 741, 497, "2012-06-02T18:45:00", False),
    ("chelsea.png", 60, 0, 300, 300, "2012-05-20T09:10:00", True),
    ("astronaut.png", 80, 20, 400, 480, "2012-05-01T12:00:00", True),
    ("motorcycle_left.png", 180, 100, 640, 420, "2012-03-11T16:20:00", True),
    ("chelsea.png", 20, 20, 440, 200, "2011-12-24T19:05:00", False),
    ("astronaut.png", 100, 0, 360, 260, "2011-12-24T18:12:00", False),
    ("motorcycle_left.png", 0, 60, 400, 497, "2011-09-03T10:00:00", False),
    ("chelsea.png", 100, 0, 451, 260, "2011-08-19T08:30:00", True),
    ("astronaut.png", 0, 40, 512, 340, "2010-07-17T14:14:00", True),
    ("motorcycle_left.png", 300, 60, 741, 497, "2010-07-17T09:41:00", False),
)
LABELS = {"astronaut.png": "person", "chelsea.png": "cat", "motorcycle_left.png": "motorbike"}
BOXES = {
    "astronaut.png": (20, 10, 470, 512),
    "chelsea.png": (5, 5, 420, 300),
    "motorcycle_left.png": (110, 90, 680, 470),
}


def _shot(output: Output, photos: Path, folder: Path, number: int) -> None:
    """One photo: a part of a picture, with the report that mining would write."""
    picture, *crop, taken, is_mirrored = SHOTS[number]
    left, top, right, bottom = (int(edge) for edge in crop)

    def moved(box: tuple[int, int, int, int]) -> list[int]:
        x1, x2 = (min(max(x, left), right) - left for x in (box[0], box[2]))
        y1, y2 = (min(max(y, top), bottom) - top for y in (box[1], box[3]))
        return [right - left - x2, y1, right - left - x1, y2] if is_mirrored else [x1, y1, x2, y2]

    image = Image.open(photos / picture).convert("RGB").crop((left, top, right, bottom))
    image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if is_mirrored else image
    relative = f"{taken[:4]}/IMG_{2000 + 17 * number}.jpg"
    (folder / relative).parent.mkdir(parents=True, exist_ok=True)
    image.resize((image.width * 2, image.height * 2), Image.Resampling.LANCZOS).save(folder / relative)
    frame: dict[str, Any] = {
        "frame": 0,
        "objects": [_box(moved(BOXES[picture]), label(LABELS[picture], 0.93))],
    }
    if picture == "astronaut.png":
        frame["faces"] = [_box(moved(FACE), label("face", 0.95))]
        frame["names"] = [_box(moved(FACE), name("Eileen", 0.4))]
    head = {"width": image.width * 2, "height": image.height * 2, "camera": CAMERAS[number % 3]}
    head["bytes"] = (folder / relative).stat().st_size
    gps = {"latitude": 46.948, "longitude": 7.4474} if number == 0 else None
    output.report(relative, [frame], type="photo", taken=taken, root=str(folder), gps=gps, **head)


def _box(rect: list[int], labelled: dict[str, Any]) -> dict[str, Any]:
    return {"rect": [2 * edge for edge in rect], "labels": [labelled]}


def _video(output: Output, photos: Path, folder: Path) -> None:
    """Four seconds of each picture."""
    for number, picture in enumerate(LABELS):
        scaled = Image.open(photos / picture).convert("RGB").resize((1024, 1024 if number == 0 else 640))
        scaled.crop((0, 0, 1024, 576)).save(folder / f"{number}.png")
    still = ("-framerate", "1/4", "-i", folder / "%d.png", "-vf", "fps=25", "-c:v", "libx264")
    (folder / "2012").mkdir(exist_ok=True)
    ffmpeg(*still, "-pix_fmt", "yuv420p", "-g", "25", folder / "2012" / "summer.mp4")
    frames = []
    for number in range(24):
        picture, time_s = list(LABELS)[number // 8], number / 2
        box = {"rect": [40, 30, 980, 560], "labels": [label(LABELS[picture], 0.9)]}
        frame: dict[str, Any] = {"frame": number * 12, "time": time_s, "objects": [box]}
        if number < 8:
            face = [2 * edge for edge in FACE]
            frame["faces"] = [{"rect": face, "labels": [label("face", 0.94)]}]
            frame["names"] = [{"rect": face, "labels": [name("Eileen", 0.5)]}]
        frames.append(frame)
    head = {"duration": 12.0, "width": 1024, "height": 576, "format": "mp4"}
    head["bytes"] = (folder / "2012" / "summer.mp4").stat().st_size
    output.report(
        "2012/summer.mp4", frames, type="video", taken="2012-06-14T17:00:00", root=str(folder), **head
    )


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page of the collection."""
    fetch(find_model("sample-photos"), logging.info)
    photos, folder = cache_folder() / "models" / "sample-photos", tmp_path / "photos"
    output = Output(tmp_path / "mined")
    folder.mkdir()
    output.folder.mkdir()
    for number in range(len(SHOTS)):
        _shot(output, photos, folder, number)
    _video(output, photos, folder)
    output.index()
    program = [sys.executable, ROOT / "visualsearch.py", "serve", output.folder, "--port", "0"]
    environment = {**os.environ, CACHE_VARIABLE: str(tmp_path / "cache")}
    with subprocess.Popen(program, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        (address,) = re.findall(r"http://\S+/", process.stdout.readline())
        try:
            with watched_page(browser, address) as made:
                yield made
        finally:
            process.terminate()


def test_the_pictures_of_the_documentation(page: Page) -> None:
    page.goto("/")
    expect(page.locator(".tile")).to_have_count(len(SHOTS) + 1)
    expect(page.get_by_role("link", name="Eileen 5")).to_be_visible()
    page.wait_for_load_state("networkidle")
    keep(page, "search-page")
    page.goto("/?q=name:eileen+type:photo")
    page.locator(".tile").first.click()
    expect(page.locator(".overlay text:visible")).to_have_text(["person 0.93", "Eileen"])
    _keep_file(page, "search-photo")
    page.goto("/?q=name:eileen+type:video")
    page.locator(".tile").first.click()
    expect(page.locator(".overlay .detection")).to_have_count(3)
    expect(page.locator(".lane:not(.axis) svg")).to_have_count(5)
    expect(page.locator("video")).to_have_js_property("readyState", 4)
    _keep_file(page, "search-video")


def _keep_file(page: Page, name: str) -> None:
    """A picture of a file's page, with a path that a reader may have."""
    path = page.locator(".path")
    path.evaluate(
        "code => { code.textContent = code.textContent.replace(/.*photos/, '/home/eileen/photos'); }"
    )
    keep(page, name)
