"""From a folder of photos to reports, through the program and through `mine`, with a real cascade."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageOps

from pipeline.detections import Box
from pipeline.errors import ExitCode, FailureCode
from pipeline.miner import mine
from pipeline.outcome import Outcome, Summary
from pipeline.runs.options import Options
from tests.pictures import (
    encoded,
    encoded_by_cv2,
    exif_of,
    face,
    lying_jpeg,
    patches,
    png_bomb,
    portrait,
)

ROOT = Path(__file__).parents[1]
COCO64 = ROOT.parent / "shared" / "data" / "coco64" / "photos"
PATIENCE_S = 100
PIPELINE = """
pipeline:
  - name: faces
    type: simpledetector
    inputs: files
    params:
      model: haarcascade_frontalface_default.xml
      outputlabel: face
      min_neighbors: 5
  - name: report
    type: jsonreportwriter
    inputs: faces
"""

SIZE_WH = (400, 300)
SIDE = 120
PLACES = [(20, 30), (250, 40), (150, 160), (30, 170), (260, 170), (130, 20)]


@pytest.fixture
def pipeline_yml(tmp_path):
    path = tmp_path / "faces.yml"
    path.write_text(PIPELINE)
    return path


def photo(place: tuple[int, int] | None, format_: str = "JPEG", **options: object) -> bytes:
    return encoded(portrait(SIZE_WH, place, SIDE), format_, **options)


def write_all(root: Path, files: dict[str | bytes, bytes]) -> None:
    for name, content in files.items():
        path = os.path.join(os.fsencode(root), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(content)


def reports_in(out: Path) -> dict[str, dict]:
    """Every report by the name of its input; beside the run's own books nothing else may lie there."""
    found = {}
    for path in out.rglob("*"):
        if path.is_file() and not path.name.startswith(".deepvisualminer."):
            assert path.name.endswith(".json"), path
            found[str(path.relative_to(out)).removesuffix(".json")] = json.loads(path.read_bytes())
    return found


def assert_shows_faces(report: dict, *places: tuple[int, int]) -> None:
    """The report has one face at each of these places and no other."""
    (frame,) = report["frames"]
    boxes = [Box(*one["rect"]) for one in frame["faces"]]
    assert len(boxes) == len(places)
    for x, y in places:
        assert max(box.iou(Box(x, y, x + SIDE, y + SIDE)) for box in boxes) > 0.6


class Run(NamedTuple):
    """What became of a run of the program; `peak_mb` is that of the largest of its processes."""

    status: int
    output: str
    log: str
    peak_mb: float


WATCHED = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[2:]).returncode
peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
open(sys.argv[1], "w").write(f"{status} {peak_kib}")
"""
"""A small process that starts the program: a child's peak begins with the memory of who started it, and a
test process may hold a gigabyte."""


@pytest.fixture
def run_program(tmp_path):
    """Runs visualminer.py as a user does; one that hangs is killed and so has the status -9."""

    def run(*arguments: str | os.PathLike[str], prefix: tuple[str, ...] | list[str] = ()) -> Run:
        command = [*prefix, sys.executable, str(ROOT / "visualminer.py"), *map(os.fspath, arguments)]
        streams, seen = (tmp_path / "stdout", tmp_path / "stderr"), tmp_path / "seen"
        seen.write_text(f"{-signal.SIGKILL} 0")
        with open(streams[0], "wb") as stdout, open(streams[1], "wb") as stderr:
            watcher = subprocess.Popen(
                [sys.executable, "-c", WATCHED, str(seen), *command],
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        try:
            watcher.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(watcher.pid, signal.SIGKILL)
            watcher.wait()
        status, peak_kib = map(int, seen.read_text().split())
        output, log = (stream.read_text(errors="surrogateescape") for stream in streams)
        return Run(status, output, log, peak_kib / 1024)

    return run


GOOD = {
    "a.jpg": (photo(PLACES[0]), [PLACES[0]]),
    "a.png": (photo(PLACES[1], "PNG"), [PLACES[1]]),
    "A.JPG": (photo(PLACES[2]), [PLACES[2]]),
    "jpeg.txt": (photo(PLACES[3]), [PLACES[3]]),
    "deep/er/cmyk.jpg": (
        encoded(Image.fromarray(portrait(SIZE_WH, PLACES[4], SIDE)).convert("CMYK"), "JPEG"),
        [PLACES[4]],
    ),
    "deep/16-bit.png": (
        encoded_by_cv2(portrait(SIZE_WH, PLACES[5], SIDE).astype(np.uint16) * 257, ".png"),
        [PLACES[5]],
    ),
    "deep/rgba.png": (
        encoded(Image.fromarray(portrait(SIZE_WH, PLACES[0], SIDE)).convert("RGBA"), "PNG"),
        [PLACES[0]],
    ),
    "photo.heic": (photo(PLACES[1], "HEIF"), [PLACES[1]]),
    "photo.avif": (photo(PLACES[2], "AVIF"), [PLACES[2]]),
    "photo.webp": (photo(PLACES[3], "WEBP"), [PLACES[3]]),
    "photo.tif": (photo(PLACES[4], "TIFF"), [PLACES[4]]),
    "one.gif": (encoded(np.zeros((1, 1), np.uint8), "GIF"), []),
    "line.png": (encoded(np.zeros((60_000, 1), np.uint8), "PNG"), []),
    "two\nlines.jpg": (photo(PLACES[5]), [PLACES[5]]),
    "-quiet.jpg": (photo(PLACES[0]), [PLACES[0]]),
    os.fsdecode(b"caf\xe9.jpg"): (photo(PLACES[1]), [PLACES[1]]),
    "empty of faces.jpg": (photo(None), []),
    "two faces.jpg": (
        encoded(np.hstack([portrait(SIZE_WH, PLACES[0], SIDE), portrait(SIZE_WH, PLACES[4], SIDE)]), "JPEG"),
        [PLACES[0], (PLACES[4][0] + SIZE_WH[0], PLACES[4][1])],
    ),
}
"""Name -> content, and where the faces are that its report must have."""

BAD = {
    "empty.jpg": (b"", "empty_file"),
    "truncated.jpg": (photo(PLACES[0])[:4000], "truncated"),
    "text.jpg": (b"dear diary\n", "unsupported_format"),
    "bomb.png": (png_bomb(), "too_large"),
    "lie.jpg": (lying_jpeg(), "too_large"),
    "locked.jpg": (photo(PLACES[0]), "unreadable"),
    "taken.jpg": (photo(PLACES[0]), "output_name_taken"),
}
IGNORED = {"notes.txt": b"dear diary\n", "a.jpg.json": b"{}", "IMG_1.NEF": encoded(patches(), "TIFF")}


def make_dirty_folder(root: Path) -> None:
    write_all(root, {name: content for name, (content, _) in (GOOD | BAD).items()} | IGNORED)
    turned = np.rot90(portrait(SIZE_WH, PLACES[2], SIDE))  # upright when it is turned right, as 6 says
    write_all(root, {"turned.jpg": encoded(np.ascontiguousarray(turned), "JPEG", exif=exif_of(6))})
    (root / "locked.jpg").chmod(0)
    (root / "circle.jpg").symlink_to("circle.jpg")
    (root / "loop").symlink_to(".")
    (root / "dangling.jpg").symlink_to("nowhere")
    os.mkfifo(root / "pipe.mp4")
    (root / "shut").mkdir(mode=0)


def state_of(root: Path) -> dict[str, tuple[int, ...]]:
    """Size, mode and modification time of everything in a tree."""
    states = {str(path): path.lstat() for path in root.rglob("*")}
    return {path: (state.st_size, state.st_mode, state.st_mtime_ns) for path, state in states.items()}


def test_dirty_folder(tmp_path, pipeline_yml, run_program, unprivileged):
    root, out = tmp_path / "in", tmp_path / "out"
    make_dirty_folder(root)
    write_all(out, {"taken.jpg.json": b'{"title": "taken.jpg"}'})
    before = state_of(root)
    try:
        run = run_program("--workers", "2", root, out, pipeline_yml, prefix=unprivileged)
        assert state_of(root) == before, "an input was changed"
    finally:
        (root / "shut").chmod(0o755)

    assert run.status == ExitCode.SOME_FAILED, run.log
    assert "Traceback" not in run.log + run.output
    failures = {name: code for name, (_, code) in BAD.items()}
    failures |= {"circle.jpg": "unreadable", "pipe.mp4": "not_a_regular_file", "shut": "dir_unreadable"}
    listed = [line for line in run.log.splitlines() if ": failed (" in line]
    assert len(listed) == len(failures)
    for name, code in failures.items():
        (line,) = (line for line in listed if f"{root / name}: " in line)
        assert f"failed ({code}): " in line
        assert len(line.split("): ", 1)[1]) > 10, "a failure without a reason"
    mined = len(GOOD) + 1
    assert f"mined {mined} photos" in run.output
    assert f", {len(failures)} failed (see above)" in run.output

    reports = reports_in(out)
    assert reports.pop("taken.jpg") == {"title": "taken.jpg"}
    assert reports.keys() == {*GOOD, "turned.jpg"}
    for name, (_, places) in GOOD.items():
        assert_shows_faces(reports[name], *places)
    assert_shows_faces(reports["turned.jpg"], PLACES[2])
    assert (reports["turned.jpg"]["width"], reports["turned.jpg"]["height"]) == SIZE_WH
    assert run.peak_mb < 400


def test_input_is_one_photo(tmp_path, pipeline_yml, run_program):
    (tmp_path / "a.jpg").write_bytes(photo(PLACES[3]))
    run = run_program(tmp_path / "a.jpg", tmp_path / "out", pipeline_yml)
    assert run.status == ExitCode.OK, run.log
    assert "mined 1 photo in" in run.output
    reports = reports_in(tmp_path / "out")
    assert list(reports) == ["a.jpg"]
    assert reports["a.jpg"]["file"] == str(tmp_path / "a.jpg")
    assert_shows_faces(reports["a.jpg"], PLACES[3])


def run_here(root: Path, out: Path, pipeline: Path, **more: object) -> tuple[Summary, list[Outcome]]:
    """Mine in this process; the summary and every outcome."""
    outcomes: list[Outcome] = []
    summary = mine(Options(str(root), str(out), str(pipeline), workers=0, **more), outcomes.append)
    return summary, outcomes


def test_no_report_holds_what_was_found_in_another_photo(tmp_path, pipeline_yml):
    """The 2017 program's reports after the first held other files' frames (126 of 128)."""
    root, out = tmp_path / "in", tmp_path / "out"
    places = [[], [PLACES[0]], [], [PLACES[1], PLACES[3]], [PLACES[2]], [], []]
    for number, faces in enumerate(places):
        rgb = portrait(SIZE_WH, None)
        for x, y in faces:
            rgb[y : y + SIDE, x : x + SIDE] = face(SIDE)[:, :, None]
        write_all(root, {f"{number}.png": encoded(rgb, "PNG")})
    write_all(root, {"1 damaged.png": photo(PLACES[5], "PNG")[:2000]})
    summary, outcomes = run_here(root, out, pipeline_yml)
    assert (summary.mined, summary.exit_code) == (len(places), ExitCode.SOME_FAILED)
    assert [os.path.basename(outcome.path) for outcome in outcomes][:3] == ["0.png", "1 damaged.png", "1.png"]
    reports = reports_in(out)
    assert len(reports) == len(places)
    for number, faces in enumerate(places):
        report = reports[f"{number}.png"]
        assert report["file"] == str(root / f"{number}.png")
        assert_shows_faces(report, *faces)


def test_mining_into_a_folder_of_the_input_twice(tmp_path, pipeline_yml):
    root = tmp_path / "in"
    write_all(root, {"a.jpg": photo(PLACES[0]), "trip/a.jpg": photo(PLACES[1])})
    for mined in (2, 0):
        summary, outcomes = run_here(root, root / "mined", pipeline_yml)
        assert (summary.mined, summary.unchanged) == (mined, 2 - mined)
        assert not summary.failures
        assert {Path(outcome.path) for outcome in outcomes} == {root / "a.jpg", root / "trip/a.jpg"}
        assert reports_in(root / "mined").keys() == {"a.jpg", "trip/a.jpg"}
    assert (root / "a.jpg").read_bytes() == photo(PLACES[0])


def test_outputs_whose_names_meet_fail_one_by_one(tmp_path, pipeline_yml):
    root, out = tmp_path / "in", tmp_path / "out"
    write_all(root, {"a.jpg": photo(PLACES[0]), "a.jpg.json/b.jpg": photo(PLACES[1]), "c.jpg": photo(None)})
    summary, _ = run_here(root, out, pipeline_yml)
    assert summary.mined == 2
    (failure,) = summary.failures
    assert failure.path == str(root / "a.jpg.json/b.jpg")
    assert failure.code is FailureCode.OUTPUT_NAME_TAKEN
    assert "a file stands where a folder is needed" in failure.sentence


def test_long_and_undecodable_names(tmp_path, pipeline_yml):
    root, out = tmp_path / "in", tmp_path / "out"
    names = [b"n" * 255, b"\xe9" * 251 + b".jpg", b"d" * 255 + b"/" + b"m" * 255]
    write_all(root, dict.fromkeys(names, photo(PLACES[0])))
    summary, _ = run_here(root, out, pipeline_yml)
    assert (summary.mined, summary.exit_code) == (3, ExitCode.OK)
    files = {
        base64.b64decode(report["file_base64"]) if "file_base64" in report else os.fsencode(report["file"])
        for report in reports_in(out).values()
    }
    assert files == {os.path.join(os.fsencode(root), name) for name in names}


def test_limits_of_the_command_line_hold(tmp_path, pipeline_yml):
    root, out = tmp_path / "in", tmp_path / "out"
    write_all(root, {"a.jpg": photo(None), "small.jpg": encoded(patches(), "JPEG")})
    summary, _ = run_here(root, out, pipeline_yml, max_megapixels=0.1)
    assert summary.mined == 1
    assert [failure.code for failure in summary.failures] == [FailureCode.TOO_LARGE]
    assert reports_in(out).keys() == {"small.jpg"}


@pytest.mark.skipif(not COCO64.is_dir(), reason="the photographs of coco64 are not here")
def test_real_photographs(tmp_path, pipeline_yml, run_program):
    pipeline_yml.write_text(PIPELINE.replace("outputlabel", "scaledown_factor: 1.3\n      outputlabel"))
    names = sorted(os.listdir(COCO64))
    run = run_program("--workers", "2", COCO64, tmp_path / "out", pipeline_yml)
    assert run.status == ExitCode.OK, run.log
    reports = reports_in(tmp_path / "out")
    assert sorted(reports) == names
    for name, report in reports.items():
        with Image.open(COCO64 / name) as image:
            assert (report["width"], report["height"]) == ImageOps.exif_transpose(image).size
        for one in report["frames"][0]["faces"]:
            assert Box(*one["rect"]).clipped((report["width"], report["height"])) == Box(*one["rect"])
    assert sum(bool(report["frames"][0]["faces"]) for report in reports.values()) > 2
    assert run.peak_mb < 400
