"""What mining photos of 12 megapixels costs, on its own or beside another checkout of this program.

    python -m benchmarks.largephotos [--photos DIR] [--beside CHECKOUT] [--objects MODEL] [--faces MODEL]

Makes 24 photos of 4000x3000 of the given ones, or of the samples, and mines them and a single one of them:
for objects and faces with reports, with annotated copies too, and for objects alone. With --photos it also
mines ten copies of the given ones with yolov3-tiny. Prints the CPU time of each run with one worker, all
processes and the start included: medians of five rounds in which both checkouts take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageOps

from benchmarks.onnxphotos import COPIES, copied
from benchmarks.photos import ROOT, cpu_seconds_of, run_miner, sample_photos, write_pipeline
from pipeline.models.files import resolve_default

SIZE_WH = (4000, 3000)
COUNT = 24
QUALITY = 92
ROUNDS = 5


class Load(NamedTuple):
    """A pipeline and what it mines."""

    name: str
    pipeline: Path
    photos: Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, help="a folder of JPEG photos (default: the samples)")
    parser.add_argument("--beside", type=Path, help="another checkout, whose CPU time counts as 1")
    parser.add_argument("--objects", default="default", help="network for objects (default: %(default)s)")
    parser.add_argument("--faces", default="yunet", help="network for faces (default: %(default)s)")
    given = parser.parse_args()
    checkouts = [ROOT] if given.beside is None else [given.beside.resolve(), ROOT]
    with tempfile.TemporaryDirectory(prefix="largephotos-") as name:
        folder = Path(name)
        networks = {"objects": _model(given.objects), "faces": _model(given.faces)}
        for number, load in enumerate(_loads(folder, given.photos, networks)):
            _measure(load, checkouts, folder / f"out-{number}")


def _model(word: str) -> str:
    """A network's name, or the full path of its file: a pipeline file lies in a folder of its own."""
    return str(Path(word).resolve()) if Path(word).is_file() else resolve_default(word)


def _loads(folder: Path, photos: Path | None, networks: dict[str, str]) -> list[Load]:
    large = folder / "large"
    _enlarge(photos or sample_photos(folder / "photos"), large)
    (folder / "one").mkdir()
    one = next(iter(sorted(large.iterdir())))
    (folder / "one" / one.name).write_bytes(one.read_bytes())
    reports, copies, objects = (
        _write_pipeline(folder / f"{name}.json", networks, parts)
        for name, parts in (
            ("reports", ("objects", "faces")),
            ("copies", ("objects", "faces", "copies")),
            ("objects", ("objects",)),
        )
    )
    loads = [
        Load(f"{COUNT} photos of 12 MP, objects and faces, reports", reports, large),
        Load(f"{COUNT} photos of 12 MP, objects and faces, annotated copies", copies, large),
        Load(f"{COUNT} photos of 12 MP, objects, reports", objects, large),
        Load("one photo of 12 MP, objects and faces, report", reports, folder / "one"),
    ]
    if photos is not None:
        many = copied(photos, folder / "many")
        name = f"{COPIES * sum(1 for _ in photos.iterdir())} photos as given, yolov3-tiny, reports"
        loads.append(Load(name, write_pipeline(folder / "tiny.json", "float32"), many))
    return loads


def _enlarge(photos: Path, folder: Path) -> None:
    """Make `COUNT` photos of 12 megapixels, each of the next landscape photo."""
    folder.mkdir()
    wide = []
    for path in sorted(photos.iterdir()):
        with Image.open(path) as picture:
            if picture.width > picture.height:
                wide.append(path)
    for number in range(COUNT):
        path = wide[number % len(wide)]
        with Image.open(path) as picture:
            large = ImageOps.fit(picture.convert("RGB"), SIZE_WH, Image.Resampling.BICUBIC)
        comment = f"{number}"  # the same bytes again would be recognized, and not mined
        large.save(folder / f"{number:02d}-{path.stem}.jpg", quality=QUALITY, comment=comment)


def _write_pipeline(path: Path, networks: dict[str, str], parts: tuple[str, ...]) -> Path:
    types = {"objects": "deepdetector", "faces": "facedetector", "copies": "photowriter"}
    detectors = [name for name in parts if name in networks]
    components: list[dict[str, Any]] = [
        {"name": name, "type": types[name], "inputs": ["files"], "params": {"model": networks[name]}}
        for name in detectors
    ]
    components.append({"name": "report", "type": "jsonreportwriter", "inputs": detectors})
    components += [
        {"name": name, "type": types[name], "inputs": detectors} for name in parts[len(detectors) :]
    ]
    path.write_text(json.dumps({"pipeline": components}), encoding="utf-8")
    return path


def _measure(load: Load, checkouts: list[Path], out: Path) -> None:
    """Mine once without counting, then in turn, and print one line."""
    seconds: list[list[float]] = [[] for _ in checkouts]
    for turn in range(ROUNDS + 1):
        for number, (checkout, own) in enumerate(zip(checkouts, seconds, strict=True)):
            arguments = ["--workers", 1, load.photos, out / f"{turn}-{number}", load.pipeline]
            own.append(cpu_seconds_of(lambda a=arguments, c=checkout: run_miner(a, c))[0])
    medians = [statistics.median(own[1:]) for own in seconds]
    ratio = f", {medians[-1] / medians[0]:.2f} of {medians[0]:.2f} s" if len(medians) == 2 else ""
    print(f"{load.name}: {medians[-1]:.2f} s{ratio}", flush=True)


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()
