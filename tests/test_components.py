"""The contract that every type of the catalogue keeps, checked from its own declarations."""

from __future__ import annotations

import json
import math
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest
from annotated_types import Ge, Gt, Le, Lt
from PIL import Image
from pydantic import BaseModel, ValidationError

from pipeline.catalog import CATALOG, load_class
from pipeline.component import Component, Detector, Writer
from pipeline.detections import Box, Detection, FrameResult, Label
from pipeline.files.parts import PART_SUFFIX
from pipeline.files.walk import iter_sources
from pipeline.frame import Frame
from pipeline.photos.photo import open_photo
from pipeline.selftest import draw_photo, example_params, write_example_models
from pipeline.source import Limits

TYPES = sorted(CATALOG)
DETECTORS = [word for word in TYPES if issubclass(load_class(CATALOG[word]), Detector)]
WRITERS = [word for word in TYPES if issubclass(load_class(CATALOG[word]), Writer)]

MOST_EAGER = {
    "deepdetector": {"threshold": 1e-6},
    "facedetector": {"threshold": 1e-6},
    "simpledetector": {"min_neighbors": 0, "min_size": 1},
}
"""Params with which a type reports as much as it can, so that there is something to hold to account."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_example_models(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def build(type_: str, folder: Path, **more: Any) -> Any:
    """A component as the pipeline makes it, without loading it."""
    cls = load_class(CATALOG[type_])
    params = cls.Params.model_validate(example_params(type_, folder) | more, context={"folder": str(folder)})
    assert list(cls.check(params)) == []
    return cls("tested", params)


def load(type_: str, folder: Path, **more: Any) -> Any:
    component = build(type_, folder, **more)
    component.load()
    return component


def noise(height: int, width: int) -> Frame:
    pixels = np.random.default_rng(7).integers(0, 256, (height, width, 3))
    return Frame.from_rgb(pixels.astype(np.uint8))


@pytest.mark.parametrize("type_", TYPES)
def test_builds_from_its_defaults(type_: str, models: Path) -> None:
    component = build(type_, models)
    assert isinstance(component, Component)
    assert load_class(CATALOG[type_]).__doc__


HELD = """
import os
from pathlib import Path
from pipeline.host.tuning import limit_numpy_threads
limit_numpy_threads()
from pipeline.catalog import CATALOG, load_class
before = len(os.listdir("/proc/self/fd"))
cls = load_class(CATALOG[sys.argv[1]])
cls("tested", cls.Params.model_validate(json.loads(sys.argv[2]))).load()
answer = len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd")) - before
"""
"""How many threads a process has, and how many descriptors more, in which a component was loaded."""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="not here: elsewhere nothing is forked")
@pytest.mark.parametrize("type_", TYPES)
def test_a_process_in_which_it_is_loaded_may_be_forked_as_it_says(
    type_: str, models: Path, run_python: Callable[..., Any]
) -> None:
    assert load_class(CATALOG[type_]).forkable
    for params in load_class(CATALOG[type_]).example_params(models).values():
        assert run_python(HELD, type_, json.dumps(params)) == [1, 0]


@pytest.mark.parametrize("type_", TYPES)
def test_refuses_an_unknown_param(type_: str, models: Path) -> None:
    with pytest.raises(ValidationError):
        build(type_, models, no_such_param=1)


def numeric_bounds(annotations: Any) -> Iterator[float]:
    """Values just outside the bounds that a field declares."""
    for bound in annotations:
        match bound:
            case Gt(gt=value):
                yield value
            case Ge(ge=value):
                yield value - 1
            case Lt(lt=value):
                yield value
            case Le(le=value):
                yield value + 1


def bad_values(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """A field's name with a value that its declaration forbids; every field gives one at least."""
    for name, field in model.model_fields.items():
        yield name, object()
        whole = int in (field.annotation, *get_args(field.annotation))
        for value in numeric_bounds(field.metadata):
            yield name, int(value) if whole else float(value)
        if get_origin(field.annotation) is Literal:
            yield name, "no such word"
        if field.annotation is float:
            yield from ((name, math.nan), (name, math.inf), (name, "0.5"), (name, True))
        if field.annotation is int:
            yield from ((name, 1.5), (name, "1"), (name, True))
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from ((name, {inner_name: value}) for inner_name, value in bad_values(inner))


@pytest.mark.parametrize("type_", TYPES)
def test_refuses_each_value_out_of_range(type_: str, models: Path) -> None:
    for name, value in bad_values(load_class(CATALOG[type_]).Params):
        with pytest.raises(ValidationError):
            build(type_, models, **{name: value})
            pytest.fail(f"{type_} takes {name}={value!r}")


@pytest.mark.parametrize("type_", TYPES)
def test_every_param_says_what_it_is(type_: str) -> None:
    for name, field in load_class(CATALOG[type_]).Params.model_fields.items():
        assert field.description, f"{type_}.{name} has no description"


@pytest.mark.parametrize("type_", ["deepdetector", "facedetector", "recognizer", "simpledetector"])
def test_finds_nothing_on_a_blank_photo(type_: str, models: Path) -> None:
    frame = Frame.from_rgb(np.full((120, 160, 3), 127, dtype=np.uint8))
    found = load(type_, models).detect(frame, [frame.whole])
    assert all(label.text == "unknown" for detection in found for label in detection.labels)


@pytest.mark.parametrize("type_", DETECTORS)
@pytest.mark.parametrize(("height", "width"), [(120, 160), (1, 1), (1, 300), (300, 1), (90, 33)])
def test_is_deterministic_and_stays_inside_its_regions(
    type_: str, height: int, width: int, models: Path
) -> None:
    detector = load(type_, models, **MOST_EAGER.get(type_, {}))
    regions = [Box(0, 0, width, height), Box(width // 3, height // 3, width // 3 + 1, height // 3 + 1)]
    found = detector.detect(noise(height, width), regions)
    again = detector.detect(noise(height, width), regions)
    assert found == again
    assert pickle.loads(pickle.dumps(found)) == found
    for detection in found:
        assert detection.labels
        box = detection.box
        assert 0 <= box.x1 < box.x2 <= width or box.is_empty
        assert 0 <= box.y1 < box.y2 <= height or box.is_empty


@pytest.mark.parametrize("type_", DETECTORS)
def test_looks_nowhere_without_regions(type_: str, models: Path) -> None:
    assert load(type_, models).detect(noise(60, 80), []) == []


@pytest.mark.parametrize("type_", WRITERS)
@pytest.mark.parametrize("labels", [("cat",), ('"><script>\x1b[31m../../', "\u732b")])
def test_writers_write_whole_files_inside_the_output_or_nothing(
    type_: str, labels: tuple[str, ...], models: Path, tmp_path: Path
) -> None:
    draw_photo(tmp_path / "in" / "photo.jpg")
    (source,) = iter_sources(str(tmp_path / "in"))
    facts, frame = open_photo(source, Limits())  # type: ignore[arg-type]
    output = tmp_path / "out"
    session = load(type_, models).open(source, facts, output)
    if session is not None:
        with session as opened:
            found = Detection(Box(10, 20, 110, 90), tuple(Label(text, 0.5) for text in labels))
            opened.write(frame, FrameResult(0, None, {"some": (found,), "none": ()}))
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "photo.jpg"]
    assert all(path.parent == output and path.name.startswith("photo.jpg") for path in written)
    assert not [path for path in written if path.name.endswith(PART_SUFFIX)]
    assert bool(written) == (session is not None)
    for path in written:
        if path.suffix == ".jpg":
            with Image.open(path) as image:
                assert image.size == (320, 240)


@pytest.mark.parametrize("type_", WRITERS)
def test_writers_know_their_outputs_from_a_users_files(type_: str, models: Path, tmp_path: Path) -> None:
    draw_photo(tmp_path / "in" / "photo.jpg")
    (source,) = iter_sources(str(tmp_path / "in"))
    facts, frame = open_photo(source, Limits())  # type: ignore[arg-type]
    writer = load(type_, models)
    session = writer.open(source, facts, tmp_path / "out")
    if session is None:
        return
    with session as opened:
        found = Detection(Box(10, 20, 110, 90), (Label("cat", 0.9),))
        opened.write(frame, FrameResult(0, None, {"some": (found,)}))
    for output in list((tmp_path / "out").iterdir()):
        suffix = output.name.removeprefix("photo.jpg")
        assert writer.owns(output, suffix)
        assert not writer.owns(output, ".note")
        stated = writer.read_back(output)
        assert stated is None or (stated.path, stated.pipeline) == (source.path, writer.fingerprint)
        target = tmp_path / "out" / f"other.jpg{suffix}"
        writer.rename(output, target, str(tmp_path / "in" / "other.jpg"))
        assert writer.owns(target, suffix)
        stated = writer.read_back(target)
        assert stated is None or stated.path == str(tmp_path / "in" / "other.jpg")
        target.write_bytes(b"a user's own file")
        assert not writer.owns(target, suffix)
        assert writer.read_back(target) is None


@pytest.mark.parametrize("type_", WRITERS)
def test_writers_leave_nothing_of_a_source_that_failed(type_: str, models: Path, tmp_path: Path) -> None:
    draw_photo(tmp_path / "in" / "photo.jpg")
    (source,) = iter_sources(str(tmp_path / "in"))
    facts, frame = open_photo(source, Limits())  # type: ignore[arg-type]
    session = load(type_, models).open(source, facts, tmp_path / "out")
    if session is not None:
        with pytest.raises(RuntimeError), session as opened:
            opened.write(frame, FrameResult(0, None, {"some": ()}))
            raise RuntimeError
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []
