"""What a run costs after one change of the pipeline, as a share of a run from scratch.

    python -m benchmarks.reuse [--photos DIR] [--video FILE] [--objects MODEL] [--faces MODEL] [--rounds N]

The pipeline finds objects and faces, names the faces, and writes reports and annotated copies. Photos and a
video are mined once as they are. Each round then changes one thing, mines from scratch with the change, and
mines a copy of the first output with it. It prints the CPU time of all processes, medians, and whether both
runs with the change gave equal bytes.

Without --photos they are cuts of the sample photos, and the first model knows one of the two men in them. A
person who is taught is then the other man, or a person who is in no photo.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from benchmarks.photos import cpu_seconds_of, run, run_miner
from pipeline.host.ffmpeg import ffmpeg_path

MAN, OTHER_MAN, STRANGER = "man", "other man", "stranger"
CUTS = 12
"""Of each sample photo: one of them shows other pixels than the next."""
PEOPLE = {MAN: ("zidane.jpg", (640, 0, 1280, 720)), OTHER_MAN: ("zidane.jpg", (0, 120, 640, 720))}
PEOPLE |= {STRANGER: ("astronaut.png", (0, 0, 512, 512))}
"""Whom a model can know: a sample photo, and the part of it (x1, y1, x2, y2) that shows this person alone."""
_FRAMES = 100
_WRITERS = ("report", "copies", "clips")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, help="a folder of photos (default: cuts of the samples)")
    parser.add_argument("--video", type=Path, help=f"a video (default: {_FRAMES} frames made of a sample)")
    parser.add_argument("--objects", default="default", help="network for objects (default: %(default)s)")
    parser.add_argument("--faces", default="yunet", help="network for faces (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of each change (default: %(default)s)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reuse-") as name:
        place = Place(Path(name), given.objects, given.faces)
        place.fill(given.photos, given.video)
        measure(place, given.rounds)


class Change(NamedTuple):
    """One change of a pipeline.

    Args:
        name: of it.
        make: changes the components, by their names.
        known: who is known to the face model afterwards.
    """

    name: str
    make: Callable[[dict[str, dict[str, Any]]], object]
    known: tuple[str, ...] = (MAN,)


CHANGES = (
    Change("nothing", lambda _: None),
    Change("a person is taught who is in no photo", lambda _: None, (MAN, STRANGER)),
    Change("a person is taught who is in some photos", lambda _: None, (MAN, OTHER_MAN)),
    Change(
        "`unknown_distance`", lambda parts: parts["names"]["params"].update(unknown_distance=distance(1.13))
    ),
    Change("a raised `threshold` of objects", lambda parts: parts["objects"]["params"].update(threshold=0.6)),
    Change("a component added (a cascade)", lambda parts: parts.update(eyes=cascade())),
    Change(
        "another format of annotated photos", lambda parts: parts["copies"]["params"].update(format="png")
    ),
)


def distance(limit: float) -> dict[str, float]:
    return {"embedding": limit}


def cascade() -> dict[str, Any]:
    params = {"model": "haarcascade_eye.xml"}
    return {"type": "simpledetector", "inputs": ["faces"], "params": params}


@dataclass
class Place:
    """A temporary folder with the input, models and outputs.

    Args:
        folder: it.
        objects, finder: the networks for objects and for faces.
    """

    folder: Path
    objects: str
    finder: str
    input: Path = field(init=False)
    output: Path = field(init=False)

    def __post_init__(self) -> None:
        self.input, self.output = self.folder / "in", self.folder / "out"

    def fill(self, photos: Path | None, video: Path | None) -> None:
        """Make the input and the face models."""
        samples = self.folder / "samples"
        run([sys.executable, "-m", "pipeline.models", "fetch", "sample-photos", "--to", str(samples)])
        self.input.mkdir()
        if photos is not None:
            shutil.copytree(photos, self.input / "photos")
        else:
            cut_photos(samples, self.input)
        if video is not None:
            shutil.copy(video, self.input)
        else:
            make_video(samples / "zidane.jpg", self.input / "video.mp4")
        for known in sorted({change.known for change in CHANGES}):
            self.teach(samples, known)

    def model(self, known: tuple[str, ...]) -> Path:
        """The directory of the face model that knows these people."""
        return self.folder / f"model-{'-'.join(known)}"

    def teach(self, samples: Path, known: tuple[str, ...]) -> None:
        """Train a face model with four pictures of each person."""
        people, faces = self.folder / "people", self.folder / "faces"
        for path in (people, faces):
            shutil.rmtree(path, ignore_errors=True)
        for name in known:
            (people / name).mkdir(parents=True)
            sample, part = PEOPLE[name]
            with Image.open(samples / sample) as photo:
                person = photo.convert("RGB").crop(part)
            for turn in range(4):
                person.rotate(turn * 2).save(people / name / f"{turn}.png")
        pipeline, listed = self.write_pipeline({}), self.folder / "faces.csv"
        trainer = [sys.executable, "facerec_train.py"]
        run([*trainer, "crop", "--pipeline", str(pipeline), "--component", "faces", str(people), str(faces)])
        run([*trainer, "csv", str(faces), str(listed)])
        words = [str(listed), "100", str(self.folder / "rest.csv"), str(self.model(known))]
        run([*trainer, "train", *words, "--embedding", "sface"])

    def write_pipeline(self, parts: dict[str, dict[str, Any]]) -> Path:
        """Write a pipeline file of components, or of the one that finds faces."""
        faces = {"type": "facedetector", "inputs": ["files"], "params": {"model": self.finder}}
        report = {"type": "jsonreportwriter", "inputs": ["faces"]}
        path = self.folder / "pipeline.yml"
        components = [
            {"name": name, **part} for name, part in (parts or {"faces": faces, "r": report}).items()
        ]
        path.write_text(json.dumps({"pipeline": components}), encoding="utf-8")
        return path

    def parts_of(self, change: Change) -> dict[str, dict[str, Any]]:
        """The components of the pipeline with a change; one that it adds stands before the writers."""
        names = {"model": str(self.folder / "familymodel"), "unknown_distance": distance(1.1)}
        parts: dict[str, dict[str, Any]] = {
            "objects": {"type": "deepdetector", "inputs": ["files"], "params": {"model": self.objects}},
            "faces": {"type": "facedetector", "inputs": ["files"], "params": {"model": self.finder}},
            "names": {"type": "recognizer", "inputs": ["faces"], "params": names},
        }
        for name, type_ in zip(_WRITERS, ("jsonreportwriter", "photowriter", "videowriter"), strict=True):
            parts[name] = {"type": type_, "inputs": ["objects", "faces", "names"], "params": {}}
        change.make(parts)
        return {name: part for name, part in parts.items() if name not in _WRITERS} | {
            name: parts[name] for name in _WRITERS
        }

    def mine(self, change: Change, output: Path) -> float:
        """Mine the input with a change; seconds of CPU."""
        model = self.folder / "familymodel"
        shutil.rmtree(model, ignore_errors=True)
        shutil.copytree(self.model(change.known), model)
        pipeline = self.write_pipeline(self.parts_of(change))
        words = ["--nice", "0", "--workers", "1", "--no-index", self.input, output, pipeline]
        return cpu_seconds_of(lambda: run_miner(words))[0]


def cut_photos(samples: Path, folder: Path) -> None:
    """Write photos of different sizes, each a cut of a sample photo in which the stranger is not."""
    for path in sorted(samples.iterdir()):
        if path.name == PEOPLE[STRANGER][0] or path.suffix not in (".jpg", ".png"):
            continue
        with Image.open(path) as sample:
            photo = sample.convert("RGB")
        for cut in range(CUTS):
            part = photo.crop((cut, cut * 2, photo.width - cut * 3, photo.height - cut))
            scale = 1 + cut % 4
            part.resize((part.width * scale, part.height * scale)).save(folder / f"{path.stem}-{cut}.jpg")


def make_video(photo: Path, path: Path) -> None:
    """Write a video that moves over a photo."""
    moving = "crop=iw-100:ih-100:n:n,scale=768:432"
    coding = ("-frames:v", str(_FRAMES), "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25", str(path))
    reading = ("-loop", "1", "-framerate", "25", "-i", str(photo))
    run([ffmpeg_path(), "-nostdin", "-v", "error", *reading, "-vf", moving, *coding])


def measure(place: Place, rounds: int) -> None:
    """Print a table of what each change costs."""
    before, base = CHANGES[0], place.folder / "base"
    place.mine(before, place.folder / "warm-up")
    print(f"{len(outputs_in(place.folder / 'warm-up'))} outputs of {place.input}; medians of {rounds}")
    print("| change | CPU from scratch | CPU after the change | share | files changed | equal |")
    print("| --- | --- | --- | --- | --- | --- |")
    place.mine(before, base)
    for change in CHANGES:
        rows = list(measured(place, base, change, rounds))
        scratch, after = (statistics.median(seconds) for seconds in list(zip(*rows, strict=True))[:2])
        changed, equal = rows[0][2], all(row[3] for row in rows)
        shown = f"{scratch:.2f} s | {after:.2f} s | {after / scratch:.1%} | {changed}"
        print(f"| {change.name} | {shown} | {'yes' if equal else 'NO'} |", flush=True)


def measured(
    place: Place, base: Path, change: Change, rounds: int
) -> Iterator[tuple[float, float, int, bool]]:
    """Seconds of CPU from scratch and after the change, changed files, whether the outputs are equal."""
    fresh = place.folder / "fresh"
    for _ in range(rounds):
        for path in (fresh, place.output):
            shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(base, place.output)
        earlier = outputs_in(place.output)
        scratch = place.mine(change, fresh)
        after = place.mine(change, place.output)
        now, wanted = outputs_in(place.output), outputs_in(fresh)
        changed = sum(now[name] != earlier.get(name) for name in now)
        equal = all(now.get(name, (0, b""))[1] == content for name, (_, content) in wanted.items())
        yield scratch, after, changed, equal


def outputs_in(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Name -> time of change and content of each output."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


if __name__ == "__main__":
    main()
