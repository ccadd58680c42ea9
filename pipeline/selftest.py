"""Does this machine run every component? Each one is put to work on a picture drawn here.

Every check runs a real pipeline in a worker process, so that one that crashes the process (an
instruction that the CPU lacks, a broken library) is told like any other that is broken. The models are
made here as well: a small network of random weights, faces that are not anybody's; two tiny ONNX networks lie
in `selftestmodels/`, as the tests of `detectors/onnx` make them.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import logging
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.catalog import CATALOG, load_class
from pipeline.component import Writer
from pipeline.errors import MinerError
from pipeline.files.cachefolder import CACHE_VARIABLE
from pipeline.host.cores import usable_cores
from pipeline.miner import mine
from pipeline.outcome import Outcome
from pipeline.runs.options import Options

_PACKAGES = (
    "tensorflow",
    "ai-edge-litert",
    "onnxruntime",
    "opencv-contrib-python-headless",
    "numpy",
    "pillow",
    "pillow-heif",
    "pydantic",
    "PyYAML",
    "imageio-ffmpeg",
)
_CPU_FEATURES = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx_vnni",
    "amx_int8",
    "asimd",
    "sve",
)
_CHECK_TIMEOUT_S = 300.0
_ONNX_MODELS = Path(__file__).with_name("selftestmodels")

_TINY_CFG = """\
[net]
width=32
height=32
channels=3

[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=leaky

[maxpool]
size=2
stride=2

[convolutional]
filters=21
size=1
stride=1
activation=linear

[yolo]
mask=0,1,2
anchors=4,4, 8,8, 16,16
classes=2
num=3
"""
_TINY_NORMALIZED = 8 * 4 + 8 * 27
_TINY_HEAD_BIASES = 21
_TINY_HEAD_KERNELS = 21 * 8
_BOX_VALUES = 7
"""x, y, width, height, objectness, two classes; three boxes a cell."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried.

    Args:
        name: the component's type, or what else was looked at.
        trouble: what is broken, or None.
    """

    name: str
    trouble: str | None


def machine_lines() -> Iterator[str]:
    """What this machine and its packages are, a line each."""
    yield f"Deep Visual Miner {__version__}, Python {platform.python_version()}"
    yield f"{platform.system()} {platform.release()}, {platform.machine()}, {usable_cores()} usable cores"
    yield f"CPU features: {', '.join(_cpu_features()) or 'unknown'}"
    for package in _PACKAGES:
        try:
            yield f"{package} {importlib.metadata.version(package)}"
        except importlib.metadata.PackageNotFoundError:
            yield f"{package} is missing"


def _cpu_features() -> list[str]:
    try:
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return []
    return [feature for feature in _CPU_FEATURES if feature in words]


def run_checks() -> Iterator[Check]:
    """Try every component type of the catalogue, one after the other."""
    logging.getLogger().setLevel(logging.CRITICAL)  # what is broken is said once, in the check
    with tempfile.TemporaryDirectory(prefix="deepvisualminer-selftest-") as name:
        folder = Path(name)
        try:
            write_example_models(folder)
            draw_photo(folder / "photos" / "drawn.jpg")
        except Exception as error:
            yield Check("setting up", f"{type(error).__name__}: {error}")
            return
        with _cache_in(folder / "cache"):
            for type_ in sorted(CATALOG):
                yield Check(type_, _trouble_with(type_, type_, example_params(type_, folder), folder))
            onnx = {"model": os.fspath(folder / "tiny-yolov8.onnx")}
            name = "deepdetector with an .onnx"
            yield Check(name, _trouble_with(name, "deepdetector", onnx, folder))


@contextlib.contextmanager
def _cache_in(folder: Path) -> Iterator[None]:
    """A cache that is empty, so that TensorFlow has to compile and is tried too."""
    before = os.environ.get(CACHE_VARIABLE)
    os.environ[CACHE_VARIABLE] = os.fspath(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[CACHE_VARIABLE]
        else:
            os.environ[CACHE_VARIABLE] = before


def _trouble_with(name: str, type_: str, params: Mapping[str, Any], folder: Path) -> str | None:
    """Run one component in a pipeline of its own; what went wrong, or None."""
    work = folder / name
    work.mkdir()
    try:
        pipeline_file = work / "pipeline.yml"
        pipeline_file.write_text(json.dumps(_pipeline_of(type_, params)), encoding="utf-8")  # JSON is YAML
        options = Options(
            input=os.fspath(folder / "photos"),
            output=os.fspath(work / "out"),
            pipeline=os.fspath(pipeline_file),
            workers=1,
            timeout_s=_CHECK_TIMEOUT_S,
        )
        summary = mine(options, _ignore)
    except (MinerError, ImportError, OSError) as error:
        return str(error)
    if summary.failures:
        return summary.failures[0].sentence
    report = json.loads((work / "out" / "drawn.jpg.json").read_bytes())
    frames = report["frames"]
    return None if len(frames) == 1 and "tested" in frames[0] else "its report says nothing"


def _ignore(_: Outcome) -> None:
    """The summary says enough."""


def _pipeline_of(type_: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """A pipeline file's content in which one type works; the detector whose report is read is `tested`."""
    simple = example_params("simpledetector", Path())
    if issubclass(load_class(CATALOG[type_]), Writer):
        components = [
            _component("tested", "simpledetector", "files", simple),
            _component("writer", type_, "tested", params),
        ]
        if type_ == "jsonreportwriter":
            return {"pipeline": components}
    else:
        components = [_component("tested", type_, "files", params)]
    return {"pipeline": [*components, _component("report", "jsonreportwriter", "tested", {})]}


def _component(name: str, type_: str, input_name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"name": name, "type": type_, "inputs": [input_name], "params": dict(params)}


def example_params(type_: str, folder: Path) -> dict[str, Any]:
    """The least `params:` with which a type works, on the models that `write_example_models` made.

    Args:
        type_: a word of the catalogue.
        folder: the same as for `write_example_models`.
    """
    needed: dict[str, dict[str, Any]] = {
        "deepdetector": {
            "model": os.fspath(folder / "tiny.cfg"),
            "weights": os.fspath(folder / "tiny.weights"),
            "labels": os.fspath(folder / "tiny.names"),
        },
        "facedetector": {"model": os.fspath(folder / "tiny-yunet.onnx")},
        "simpledetector": {"model": "haarcascade_frontalface_default.xml"},
        "recognizer": {"model": os.fspath(folder / "faces")},
    }
    return needed.get(type_, {})


def write_example_models(folder: Path) -> None:
    """Make a network (`tiny.cfg`, `.weights`, `.names`) and a face model (`faces/`) in a folder.

    Two ONNX networks come with them: `tiny-yolov8.onnx` and `tiny-yunet.onnx`.
    """
    import numpy as np

    for network in _ONNX_MODELS.glob("*.onnx"):
        shutil.copyfile(network, folder / network.name)
    random = np.random.default_rng(2017)
    (folder / "tiny.cfg").write_text(_TINY_CFG, encoding="utf-8")
    (folder / "tiny.names").write_text("this\nthat\n", encoding="utf-8")
    header = np.array((0, 2, 0, 0, 0), dtype="<i4").tobytes()
    biases = np.zeros(_TINY_HEAD_BIASES)
    biases[4::_BOX_VALUES] = -6.0  # objectness: nothing is there, unless the threshold is very low
    parts = (
        random.uniform(0.05, 0.3, _TINY_NORMALIZED),
        biases,
        random.uniform(-0.1, 0.1, _TINY_HEAD_KERNELS),
    )
    weights = np.concatenate(parts).astype("<f4").tobytes()
    (folder / "tiny.weights").write_bytes(header + weights)
    _write_face_model(folder / "faces", random)


def _write_face_model(directory: Path, random: Any) -> None:
    """Two people who look like nobody: dark above, and dark below."""
    import numpy as np

    from recognizers.model.facemodel import FaceModel, Method
    from recognizers.model.gallery import Gallery
    from recognizers.model.strategies import CLASSIC
    from recognizers.model.swap import replace_model

    ramp = np.linspace(40, 200, 32)[:, None] * np.ones((1, 24))
    faces, numbers = [], []
    for number, face in enumerate((ramp, ramp[::-1])):
        for _ in range(4):
            faces.append(np.clip(face + random.normal(0, 12, face.shape), 0, 255).astype(np.uint8))
            numbers.append(number)
    model = FaceModel(
        width=24,
        height=32,
        labels={0: "first", 1: "second"},
        format=1,
        equalized=False,
        methods={strategy: Method(unknown_distance=1e-3) for strategy in CLASSIC},
    )
    replace_model(
        os.fspath(directory), model, [Gallery.trained(strategy, faces, numbers) for strategy in CLASSIC]
    )


def draw_photo(path: Path) -> None:
    """Draw a picture with something in it and write it as a JPEG."""
    from PIL import Image, ImageDraw

    photo = Image.new("RGB", (320, 240), (110, 150, 200))
    draw = ImageDraw.Draw(photo)
    draw.ellipse((100, 40, 220, 200), fill=(224, 180, 150))
    for left in (125, 175):
        draw.ellipse((left, 95, left + 22, 107), fill=(40, 30, 30))
        draw.rectangle((left - 3, 82, left + 26, 87), fill=(70, 50, 40))
    draw.polygon(((160, 105), (150, 140), (170, 140)), fill=(200, 150, 125))
    draw.ellipse((138, 158, 184, 170), fill=(150, 70, 70))
    path.parent.mkdir(parents=True, exist_ok=True)
    photo.save(path, quality=92)
