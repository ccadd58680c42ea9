"""The self-test: runs every component on a picture drawn here, to show what this machine cannot run.

Every check runs a real pipeline in a worker process, so that a component that crashes the process (an
instruction that the CPU lacks, a broken library) is reported like any other failure. Each component supplies
its own params and models, see `Component.example_params`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.catalog import CATALOG, load_class
from pipeline.component import Writer
from pipeline.errors import MinerError
from pipeline.files.cachefolder import CACHE_VARIABLE
from pipeline.host.cores import usable_cores
from pipeline.host.packages import OPTIONAL, installed_versions
from pipeline.miner import mine
from pipeline.outcome import Outcome
from pipeline.runs.options import Options
from pipeline.selftestparts import FRAMES_ENDING
from pipeline.text import one_line

_CPU_FEATURES = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx_vnni",
    "amx_int8",
    "amx_bf16",
    "asimd",
    "sve",
)
_CHECK_TIMEOUT_S = 300.0
_PARTS = "pipeline.selftestparts"
_TESTED = "tested"
"""The name of the detector whose results the last component of each check has to receive."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check.

    Args:
        name: the component's type with the words of the example, or another check's name.
        trouble: what is broken, or None.
    """

    name: str
    trouble: str | None


def machine_lines() -> Iterator[str]:
    """What this machine and its packages are, a line each."""
    yield f"Deep Visual Miner {__version__}, Python {platform.python_version()}"
    yield f"{platform.system()} {platform.release()}, {platform.machine()}, {usable_cores()} usable cores"
    yield f"CPU features: {', '.join(_cpu_features()) or 'unknown'}"
    for package, version in installed_versions().items():
        absent = "is not installed, as it need not be" if package in OPTIONAL else "is missing"
        yield f"{package} {version or absent}"


def _cpu_features() -> list[str]:
    try:
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return []
    return [feature for feature in _CPU_FEATURES if feature in words]


def run_checks(plugins: Sequence[str] = ()) -> Iterator[Check]:
    """Try every example of every component type of the catalogue, one after the other.

    Args:
        plugins: `module:Class` of components that are tried too.
    """
    with _silenced_log(), tempfile.TemporaryDirectory(prefix="deepvisualminer-selftest-") as name:
        folder = Path(name)
        try:
            draw_photo(folder / "photos" / "drawn.jpg")
        except Exception as error:
            yield Check("setting up", f"{type(error).__name__}: {error}")
            return
        with _cache_in(folder / "cache"):
            for type_, target in (*sorted(CATALOG.items()), *((plugin, plugin) for plugin in plugins)):
                yield from _check_examples(type_, target, folder)


def _check_examples(type_: str, target: str, folder: Path) -> Iterator[Check]:
    try:
        examples = load_class(target).example_params(folder)
    except Exception as error:  # a library that is broken, or a plug-in's own mistake
        yield Check(type_, one_line(error))
        return
    for words, params in examples.items():
        name = f"{type_} {words}".rstrip()
        yield Check(name, _trouble_with(name, target, params, folder))


@contextlib.contextmanager
def _silenced_log() -> Iterator[None]:
    """Log nothing inside the block, because each failure is reported once, in its check."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        root.setLevel(before)


@contextlib.contextmanager
def _cache_in(folder: Path) -> Iterator[None]:
    """Use an empty cache inside the block, so that TensorFlow has to compile and is tested too."""
    before = os.environ.get(CACHE_VARIABLE)
    os.environ[CACHE_VARIABLE] = os.fspath(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[CACHE_VARIABLE]
        else:
            os.environ[CACHE_VARIABLE] = before


def _trouble_with(name: str, target: str, params: Mapping[str, Any], folder: Path) -> str | None:
    """Run one component in a pipeline of its own; returns what is broken, or None."""
    work = folder / name.replace("/", "-")
    work.mkdir()
    try:
        pipeline_file = work / "pipeline.yml"
        pipeline_file.write_text(json.dumps(_pipeline_of(target, params)), encoding="utf-8")  # JSON is YAML
        options = Options(
            input=os.fspath(folder / "photos"),
            output=os.fspath(work / "out"),
            pipeline=os.fspath(pipeline_file),
            workers=1,
            timeout_s=_CHECK_TIMEOUT_S,
            allow_plugins=True,
        )
        summary = mine(options, _ignore)
    except (MinerError, ImportError, OSError) as error:
        return str(error)
    if summary.failures:
        return summary.failures[0].sentence
    frames = (work / "out" / f"drawn.jpg{FRAMES_ENDING}").read_text(encoding="utf-8").splitlines()
    return None if frames == [_TESTED] else "its results did not reach the next component"


def _ignore(_: Outcome) -> None:
    """Do nothing: the summary has the failures."""


def _pipeline_of(target: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The content of a pipeline file that runs one component between the self-test's own two."""
    if issubclass(load_class(target), Writer):
        components = [
            _component(_TESTED, f"{_PARTS}:OneBox", "files", {}),
            _component("writer", target, _TESTED, params),
        ]
    else:
        components = [_component(_TESTED, target, "files", params)]
    return {"pipeline": [*components, _component("frames", f"{_PARTS}:FramesWriter", _TESTED, {})]}


def _component(name: str, type_: str, input_name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"name": name, "type": type_, "inputs": [input_name], "params": dict(params)}


def example_params(target: str, folder: Path) -> dict[str, Any]:
    """The params of a component's first example.

    Args:
        target: its `module:Class`, or its word in the catalogue.
        folder: receives the model files that the params name.
    """
    examples = load_class(CATALOG.get(target, target)).example_params(folder)
    return dict(next(iter(examples.values())))


def write_example_models(folder: Path) -> None:
    """Write the model files of all examples of the catalogue's components into a folder."""
    for target in CATALOG.values():
        load_class(target).example_params(folder)


def draw_photo(path: Path) -> None:
    """Draw a picture of a simple face and write it as a JPEG."""
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
