"""What `default` is: chosen by speed when it is fetched, and kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cli.starting import _is_here
from detectors.onnx.engines import milliseconds
from pipeline.errors import ExitCode, ModelError, OutputError
from pipeline.files.hashing import sha256_of
from pipeline.models.__main__ import main
from pipeline.models.catalog import ModelFile, find_model
from pipeline.models.defaultchoice import choice_file, read_default
from pipeline.models.fetchdefault import fetch_default
from pipeline.models.files import resolve_default
from tests.pipeline.models.test_fetch import Lines

EXAMPLE = Path(__file__).parents[3] / "detectors" / "examples" / "tiny-yolov8.onnx"
TIMES = {"yolox-nano": 4.0, "yolox-tiny": 16.0, "yolox-s": 60.0}


@pytest.fixture
def ladder(cache, monkeypatch):
    """The networks that `default` may be are here, each a small network in its place."""
    for name in TIMES:
        (file,) = find_model(name).files
        path = cache / "models" / name / file
        path.parent.mkdir(parents=True)
        shutil.copy(EXAMPLE, path)
        held = ModelFile(sha256=sha256_of(path), size_bytes=path.stat().st_size)
        monkeypatch.setitem(find_model(name).files, file, held)
    return cache


@pytest.fixture
def unreachable(monkeypatch):
    """No server can be reached."""

    def refuse(url):
        raise ModelError(f"{url.split('/')[2]} cannot be reached")

    monkeypatch.setattr("pipeline.models.fetch.open_url", refuse)


class Stopwatch:
    """Answers with given times, and remembers which networks it was asked about."""

    def __init__(self, **times: float) -> None:
        self.times = {name.replace("_", "-"): took for name, took in times.items()}
        self.asked: list[str] = []

    def __call__(self, file: Path) -> float:
        self.asked.append(file.parent.name)
        return self.times[file.parent.name]


@pytest.mark.parametrize(
    ("times", "chosen", "measured"),
    [
        ((4.0, 16.0, 60.0), "yolox-tiny", 2),
        ((2.0, 8.0, 25.0), "yolox-s", 3),
        ((7.4, 31.0, 118.0), "yolox-nano", 2),
        ((6.0, 24.9, 80.0), "yolox-tiny", 2),
        ((18.0, 54.0, 217.0), "yolox-nano", 1),
        ((90.0, 300.0, 900.0), "yolox-nano", 1),
    ],
)
def test_the_most_accurate_that_is_fast_enough_is_chosen(ladder, times, chosen, measured):
    watch = Stopwatch(**dict(zip(("yolox_nano", "yolox_tiny", "yolox_s"), times, strict=True)))
    assert fetch_default(Lines(), watch).name == chosen
    assert watch.asked == list(TIMES)[:measured]  # one that cannot be fast enough is not even fetched
    assert resolve_default("default") == chosen
    assert read_default().measured == dict(zip(watch.asked, times, strict=False))


def test_the_choice_does_not_change_by_itself(ladder):
    fetch_default(Lines(), Stopwatch(**{name.replace("-", "_"): took for name, took in TIMES.items()}))
    said = Lines()
    slower = Stopwatch(yolox_nano=40.0, yolox_tiny=160.0, yolox_s=600.0)
    assert fetch_default(said, slower).name == "yolox-tiny"
    assert slower.asked == []
    assert said[-1].startswith("default: it is yolox-tiny, chosen on 20")
    assert said[-1].endswith("(yolox-nano 4.0 ms, yolox-tiny 16.0 ms)")
    assert fetch_default(said, slower, again=True).name == "yolox-nano"
    assert said[-1] == "default: it was yolox-tiny, so the next run mines everything again"
    assert resolve_default("default") == "yolox-nano"


def test_what_was_chosen_is_meant_although_another_is_here(ladder, unreachable, capsys):
    fetch_default(Lines(), Stopwatch(yolox_nano=4.0, yolox_tiny=16.0, yolox_s=60.0))
    shutil.rmtree(ladder / "models" / "yolox-tiny")
    with pytest.raises(ModelError, match=r"yolox_tiny.onnx is not here; type: .* fetch yolox-tiny"):
        resolve_default("default")
    assert not _is_here("default")
    assert main(["fetch", "default"]) == ExitCode.ENVIRONMENT
    assert "github.com cannot be reached" in capsys.readouterr().err


def test_offline_the_first_network_is_used_and_no_choice_is_kept(ladder, unreachable):
    shutil.rmtree(ladder / "models" / "yolox-tiny")
    said = Lines()
    watch = Stopwatch(yolox_nano=4.0)
    assert fetch_default(said, watch).name == "yolox-nano"
    assert said[-1].startswith(
        "default: it is yolox-nano until you fetch it again, as none can be chosen now: yolox-tiny: "
    )
    assert read_default() is None
    assert resolve_default("default") == "yolox-nano"


def test_offline_the_choice_stays_although_another_is_wanted(ladder, unreachable):
    fetch_default(Lines(), Stopwatch(yolox_nano=4.0, yolox_tiny=16.0))
    shutil.rmtree(ladder / "models" / "yolox-s")
    said = Lines()
    assert fetch_default(said, Stopwatch(yolox_nano=1.0, yolox_tiny=5.0), again=True).name == "yolox-tiny"
    assert said[-1].startswith(
        "default: it is yolox-tiny until you fetch it again, as none can be chosen now"
    )
    assert resolve_default("default") == "yolox-tiny"


def test_a_cache_that_cannot_be_written_keeps_what_default_was(ladder, monkeypatch):
    def refuse(choice):
        raise OutputError("read-only file system")

    monkeypatch.setattr("pipeline.models.fetchdefault.keep_default", refuse)
    said = Lines()
    assert fetch_default(said, Stopwatch(yolox_nano=4.0, yolox_tiny=16.0)).name == "yolox-nano"
    assert said[-1].endswith("until you fetch it again, as none can be chosen now: read-only file system")
    assert resolve_default("default") == "yolox-nano"


@pytest.mark.parametrize("content", [b"", b"{", b'{"model": "yolox-tiny"}', b"\xff" * 100])
def test_a_damaged_choice_is_an_error_and_no_other_network(ladder, content, capsys):
    choice_file().write_bytes(content)
    with pytest.raises(ModelError, match=r"default.json: is damaged; delete it, then type: .* fetch default"):
        resolve_default("default")
    assert main(["path", "default"]) == ExitCode.ENVIRONMENT
    assert "default.json: is damaged" in capsys.readouterr().err


def test_a_choice_of_an_unknown_network_is_an_error(ladder):
    fetch_default(Lines(), Stopwatch(yolox_nano=40.0))
    kept = json.loads(choice_file().read_bytes())
    choice_file().write_text(json.dumps(kept | {"model": "yolox-huge"}))
    with pytest.raises(ModelError, match='"yolox-huge" is not in the catalogue'):
        resolve_default("default")


def test_the_command_measures_real_networks(ladder, capsys):
    assert main(["fetch", "default"]) == ExitCode.OK
    choice = read_default()
    assert choice.measured["yolox-nano"] > 0  # of tiny ones, all three take less than 25 ms
    assert main(["path", "default"]) == ExitCode.OK
    assert capsys.readouterr().out.endswith(f"{ladder}/models/{choice.model}\n")


def test_what_is_no_network_cannot_be_measured(tmp_path):
    (tmp_path / "n.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"n.onnx"):
        milliseconds(tmp_path / "n.onnx")
