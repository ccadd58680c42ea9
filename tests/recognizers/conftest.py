"""Faces for tests: drawn people who differ as people do, in pictures that differ as pictures do."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from pipeline.component import Params
from recognizers.facemodel import FaceModel, Fit, Method
from recognizers.gallery import Gallery
from recognizers.modelswap import replace_model
from recognizers.strategies import STRATEGIES

ORL = Path(__file__).parents[3] / "shared" / "data" / "orl_faces"


def draw_face(person: int, picture: int, size: int = 96) -> Image.Image:
    """A gray face: the person decides its features, the picture its pose, light and noise."""
    who = random.Random(person)
    how = random.Random(person * 1000 + picture + 1)
    skin, hair = who.randint(130, 215), who.randint(10, 90)
    wide, eyes_y, apart = who.uniform(0.28, 0.42), who.uniform(0.36, 0.48), who.uniform(0.1, 0.2)
    eye, mouth_y, mouth = who.uniform(0.025, 0.06), who.uniform(0.68, 0.8), who.uniform(0.07, 0.2)
    nose, fringe, beard = who.uniform(0.5, 0.62), who.uniform(0.1, 0.32), who.random() < 0.35
    dx, dy = how.uniform(-0.02, 0.02), how.uniform(-0.02, 0.02)
    big = size * 2
    image = Image.new("L", (big, big), how.randint(40, 70))
    draw = ImageDraw.Draw(image)

    def ellipse(x: float, y: float, rx: float, ry: float, shade: int) -> None:
        x, y = (x + dx) * big, (y + dy) * big
        draw.ellipse((x - rx * big, y - ry * big, x + rx * big, y + ry * big), fill=shade)

    ellipse(0.5, 0.47, wide + 0.05, 0.47, hair)
    ellipse(0.5, 0.47 + fringe / 2, wide, 0.46 - fringe / 2, skin)
    if beard:
        ellipse(0.5, 0.84, wide * 0.7, 0.12, hair)
    for side in (-1, 1):
        ellipse(0.5 + side * apart, eyes_y, eye * 1.5, eye, 245)
        ellipse(0.5 + side * apart + how.uniform(-0.01, 0.01), eyes_y, eye * 0.7, eye * 0.8, 20)
        ellipse(0.5 + side * apart, eyes_y - 0.08, eye * 1.8, 0.015, hair)
    ellipse(0.5, nose, 0.03, 0.06, skin - 45)
    ellipse(0.5, mouth_y, mouth, 0.02 + how.uniform(0, 0.02), 70)
    image = image.rotate(how.uniform(-3, 3), Image.Resampling.BICUBIC, fillcolor=55)
    image = image.filter(ImageFilter.GaussianBlur(1.5)).resize((size, size), Image.Resampling.BOX)
    pixels = np.asarray(image, dtype=np.float64) * how.uniform(0.8, 1.15)
    pixels += np.random.default_rng(person * 1000 + picture).normal(0, 4, pixels.shape)
    pixels += np.linspace(-1, 1, size) * how.uniform(-18, 18)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@pytest.fixture
def face() -> Callable[..., Image.Image]:
    """`face(person, picture)` draws one."""
    return draw_face


@pytest.fixture
def face_folder(tmp_path: Path) -> Callable[..., Path]:
    """`face_folder(people, pictures)` writes DIR/<name>/<number>.png and gives DIR."""

    def make(people: int, pictures: int, *, where: str = "faces", first: int = 0) -> Path:
        for person in range(first, first + people):
            folder = tmp_path / where / f"person-{person}"
            folder.mkdir(parents=True, exist_ok=True)
            for picture in range(pictures):
                draw_face(person, picture).save(folder / f"{picture}.png")
        return tmp_path / where

    return make


@pytest.fixture
def model_directory(tmp_path: Path) -> Callable[..., str]:
    """`model_directory(**record)` trains all strategies on four people, 32x32, and gives the directory."""

    def make(name: str | bytes = "model", people: int = 4, pictures: int = 6, **record: object) -> str:
        faces = [
            np.asarray(draw_face(person, picture).resize((32, 32), Image.Resampling.BOX))
            for person in range(people)
            for picture in range(pictures)
        ]
        numbers = [person for person in range(people) for _ in range(pictures)]
        galleries = [Gallery.trained(strategy, faces, numbers) for strategy in STRATEGIES]
        settings: dict[str, object] = {
            "format": 1,
            "equalized": False,
            "fit": Fit.STRETCH,
            "methods": {strategy: Method() for strategy in STRATEGIES},
            **record,
        }
        model = FaceModel(width=32, height=32, labels={i: f"person-{i}" for i in range(people)}, **settings)
        directory = os.path.join(os.fsencode(tmp_path), os.fsencode(name))
        replace_model(os.fsdecode(directory), model, galleries)
        return os.fsdecode(directory)

    return make


@pytest.fixture
def make_params() -> Callable[..., Params]:
    """Component parameters as the pipeline file's reader makes them."""
    from recognizers.recognizer import RecognizerParams

    def make(**values: object) -> Params:
        return RecognizerParams.model_validate(values)

    return make
