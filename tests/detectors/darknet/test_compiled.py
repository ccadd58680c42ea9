from __future__ import annotations

import fcntl
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detectors.compilecache import UNUSED_S, open_compiled
from detectors.darknet.engines import FLATBUFFERS
from detectors.darknet.opening import compiled_network, open_darknet
from pipeline.engines.litert import LiteRtEngine
from pipeline.errors import ModelError
from pipeline.files.cachefolder import CACHE_VARIABLE
from pipeline.host.logs import NOTICE
from tests.detectors.darknet.networks import conv, head_conv, net, write_network, yolo
from tests.running import component, pipeline_file, run, small_photo

TEXT = net(32, 32) + conv(4) + head_conv() + yolo()
ROOT = Path(__file__).parents[3]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of this test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    return folder


def names_beside(pair: tuple[Path, Path]) -> Path:
    names = pair[0].with_suffix(".names")
    names.write_text("a\nb\nc\n")
    return names


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A small network's .cfg and .weights."""
    return write_network(tmp_path, TEXT)


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that holds the small network; compiling takes seconds."""
    folder = tmp_path_factory.mktemp("compiled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder / "cache"))
        compiled_network(*write_network(folder, TEXT), "float32")
    return folder / "cache"


@pytest.fixture
def held(cache: Path, pair: tuple[Path, Path], compiled_once: Path) -> Path:
    """The small network's flatbuffer, in this test's cache."""
    shutil.copytree(compiled_once, cache)
    (flatbuffer,) = cache.glob("compiled/*.tflite")
    inode = flatbuffer.stat().st_ino
    assert compiled_network(*pair, "float32") == flatbuffer
    assert flatbuffer.stat().st_ino == inode
    return flatbuffer


def compilations(caplog: pytest.LogCaptureFixture) -> int:
    return sum("compiling" in record.message for record in caplog.records)


class Unlocks(logging.Handler):
    """Gives a lock back when it is said that a process waits for it."""

    def __init__(self, lock: int) -> None:
        super().__init__()
        self.descriptor = lock

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("waiting for another process that compiles"):
            assert hasattr(record, "once_a_run")
            os.close(self.descriptor)


def test_says_that_it_waits_for_another_process(
    cache: Path, pair: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(NOTICE)
    (cache / "compiled").mkdir(parents=True)
    lock = os.open(cache / "compiled" / ".lock", os.O_RDONLY | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    unlocks = Unlocks(lock)
    logging.getLogger("pipeline").addHandler(unlocks)
    try:
        assert compiled_network(*pair, "float32").is_file()
    finally:
        logging.getLogger("pipeline").removeHandler(unlocks)
    said = [record.getMessage().split()[0] for record in caplog.records]
    assert said == ["waiting", "compiling"]


def test_compiles_once_for_each_content_and_precision(
    cache: Path, pair: tuple[Path, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(NOTICE)
    leftover = leave_behind(cache / "compiled")
    first = compiled_network(*pair, "float32")
    assert first.parent == cache / "compiled"
    assert compilations(caplog) == 1
    LiteRtEngine(first)
    inode = first.stat().st_ino
    (tmp_path / "copy").mkdir()
    copies = [tmp_path / "copy" / path.name for path in pair]
    for path, copy in zip(pair, copies, strict=True):
        copy.write_bytes(path.read_bytes())
    assert compiled_network(*pair, "float32") == compiled_network(*copies, "float32") == first
    assert first.stat().st_ino == inode
    assert compilations(caplog) == 1
    copies[0].write_text(TEXT.replace("4,5", "4,6"))
    others = {first, compiled_network(*copies, "float32"), compiled_network(*pair, "int8")}
    assert len(others) == compilations(caplog) == 3
    assert all(path.stat().st_size > 1000 for path in others)
    assert not leftover.exists()
    assert not list((cache / "compiled").glob(".*.part"))


def test_what_nobody_uses_goes_and_what_is_used_stays(
    cache: Path, pair: tuple[Path, Path], held: Path
) -> None:
    used = held
    unused = used.with_name("0" * 64 + ".tflite")
    unused.write_bytes(b"x")
    long_ago = used.stat().st_mtime - UNUSED_S - 100
    for path in (used, unused):
        os.utime(path, (long_ago, long_ago))
    assert compiled_network(*pair, "float32") == used
    assert unused.exists()
    other = compiled_network(*pair, "int8")
    assert sorted(cache.glob("compiled/*.tflite")) == sorted((used, other))


def leave_behind(folder: Path) -> Path:
    """What a compiler that was killed leaves."""
    folder.mkdir(parents=True)
    ended = subprocess.Popen(["true"])
    ended.wait()
    leftover = folder / f".deepvisualminer-{ended.pid}-0123456789abcdef.part"
    leftover.write_bytes(b"x")
    return leftover


def test_two_processes_compile_once(cache: Path, pair: tuple[Path, Path]) -> None:
    code = (
        "import sys, logging; from pathlib import Path; logging.basicConfig(level=25);"
        "from detectors.darknet.opening import compiled_network;"
        "print(compiled_network(Path(sys.argv[1]), Path(sys.argv[2]), 'float32'))"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, *pair], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    said = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert said[0][0] == said[1][0]
    assert sum(b"compiling" in stderr for _, stderr in said) == 1


DAMAGES = [b"", b"no network", None]
"""What a flatbuffer may have become; None: half of what it was."""


def damage(flatbuffer: Path, content: bytes | None) -> None:
    whole = flatbuffer.read_bytes()
    flatbuffer.write_bytes(whole[: len(whole) // 2] if content is None else content)


@pytest.mark.parametrize("content", DAMAGES)
def test_a_damaged_network_is_compiled_again_once_with_a_warning(
    content: bytes | None,
    cache: Path,
    pair: tuple[Path, Path],
    held: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    names = names_beside(pair)
    damage(held, content)
    caplog.clear()
    for _ in range(2):
        open_darknet(*pair, names, "float32")
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", f"{held}: is damaged; compiling net.cfg again, for float32")
    ]
    assert list(cache.glob("compiled/*.tflite")) == [held]
    LiteRtEngine(held)


def test_a_run_goes_on_with_the_network_made_again(
    cache: Path, pair: tuple[Path, Path], held: Path, tmp_path: Path
) -> None:
    names_beside(pair)
    small_photo(tmp_path / "in" / "a.png")
    file = pipeline_file(
        tmp_path / "p.yml",
        component("objects", "deepdetector", model=str(pair[0])),
        component("report", "jsonreportwriter", "objects"),
    )
    damage(held, None)
    for again in (True, False):
        done = run("--force", tmp_path / "in", tmp_path / "out", file)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("warning: ") == done.stderr.count(".tflite: is damaged; ") == int(again)


def test_what_is_no_better_when_made_again_is_refused(
    pair: tuple[Path, Path], held: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[bytes] = []

    def refuse(path: Path) -> None:
        seen.append(path.read_bytes())
        raise ModelError(f"{path}: cannot be run")

    damage(held, b"")
    with pytest.raises(ModelError, match="cannot be run"):
        open_compiled(FLATBUFFERS, pair, "float32", refuse)
    assert [bool(content) for content in seen] == [False, True]
    assert sum(record.levelname == "WARNING" for record in caplog.records) == 1


def test_two_processes_make_a_damaged_network_again_once(pair: tuple[Path, Path], held: Path) -> None:
    damage(held, None)
    code = (
        "import sys, logging; from pathlib import Path; logging.basicConfig(level=25);"
        "from detectors.darknet.opening import open_darknet;"
        "print(open_darknet(*map(Path, sys.argv[1:]), 'float32').names)"
    )
    paths = (*pair, names_beside(pair))
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, *paths], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    said = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert sum(b"is damaged; compiling net.cfg again" in stderr for _, stderr in said) == 1


def test_what_another_process_made_again_meanwhile_is_taken(
    pair: tuple[Path, Path], held: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Both have seen the damage before either has the lock."""
    damage(held, None)
    refusals: list[Path] = []

    def opening_late(path: Path) -> LiteRtEngine:
        if not refusals:
            refusals.append(path)
            open_compiled(FLATBUFFERS, pair, "float32", LiteRtEngine)  # the other one
            raise ModelError(f"{path}: cannot be run")
        return LiteRtEngine(path)

    open_compiled(FLATBUFFERS, pair, "float32", opening_late)
    assert sum(record.levelname == "WARNING" for record in caplog.records) == 1


def test_a_damaged_network_in_a_read_only_cache_says_so(
    cache: Path,
    pair: tuple[Path, Path],
    held: Path,
    unprivileged: list[str],
    run_python: Callable[..., Any],
) -> None:
    damage(held, b"no network")
    (cache / "compiled").chmod(0o555)
    code = (
        "from pathlib import Path\n"
        "from detectors.darknet.opening import open_darknet\n"
        "try: answer = str(open_darknet(*map(Path, sys.argv[1:]), 'float32'))\n"
        "except Exception as error: answer = f'{type(error).__name__}: {error}'"
    )
    said = run_python(code, *pair, names_beside(pair), prefix=unprivileged)
    (cache / "compiled").chmod(0o755)
    assert said.startswith(f"ModelError: {held}: cannot be run (")
    assert said.endswith("); delete it to have it made again")
    assert held.read_bytes() == b"no network"


def test_damaged_files_are_errors_before_anything_is_compiled(cache: Path, pair: tuple[Path, Path]) -> None:
    cfg, weights = pair
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(ModelError, match="the file is cut short"):
        compiled_network(cfg, weights, "float32")
    assert not cache.exists()


def test_weights_that_are_not_finite_are_one_sentence(cache: Path, pair: tuple[Path, Path]) -> None:
    """The compiling process finds it, and the error is raised in this one."""
    cfg, weights = pair
    weights.write_bytes(weights.read_bytes()[:-4] + b"\xff\xff\xff\xff")
    with pytest.raises(ModelError) as caught:
        compiled_network(cfg, weights, "float32")
    assert str(caught.value) == (
        f"{weights}: the weights of layer 1 ({cfg}:12) are not finite numbers, or a variance is negative; "
        "the file is damaged"
    )
    assert not list((cache / "compiled").glob("*.tflite"))


@pytest.mark.parametrize("at", ["cache", "cache/compiled"])
def test_a_cache_that_cannot_be_written_is_one_sentence(
    at: str, cache: Path, pair: tuple[Path, Path]
) -> None:
    path = cache.parent / at
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    with pytest.raises(ModelError) as caught:
        compiled_network(*pair, "float32")
    assert str(caught.value) == (
        f"{cache}/compiled: compiled networks cannot be kept there "
        f"({'Not a directory' if at == 'cache' else 'File exists'}); "
        "set DEEPVISUALMINER_CACHE to a folder that can be written"
    )


def test_a_read_only_cache_serves_what_it_holds(
    cache: Path,
    pair: tuple[Path, Path],
    held: Path,
    unprivileged: list[str],
    run_python: Callable[..., Any],
) -> None:
    """As a container may mount it."""
    for folder in (cache / "compiled", cache):
        folder.chmod(0o555)
    code = (
        "from pathlib import Path\n"
        "from detectors.darknet.opening import compiled_network\n"
        "def ask(precision):\n"
        "    try: return str(compiled_network(Path(sys.argv[1]), Path(sys.argv[2]), precision))\n"
        "    except Exception as error: return f'{type(error).__name__}: {error}'\n"
        "answer = [ask('float32'), ask('int8')]"
    )
    there, missing = run_python(code, *pair, prefix=unprivileged)
    for folder in (cache, cache / "compiled"):
        folder.chmod(0o755)
    assert there == str(held)
    assert missing == (
        f"ModelError: {cache}/compiled: compiled networks cannot be kept there (Permission denied); "
        "set DEEPVISUALMINER_CACHE to a folder that can be written"
    )


def test_names_that_are_not_utf8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: tuple[Path, Path]
) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    monkeypatch.setenv(CACHE_VARIABLE, str(folder / "cache"))
    moved = [path.rename(folder / path.name) for path in pair]
    LiteRtEngine(compiled_network(moved[0], moved[1], "float32"))


def test_a_worker_never_imports_tensorflow(
    cache: Path, pair: tuple[Path, Path], run_python: Callable[..., Any]
) -> None:
    """Neither where the cache holds the network nor where it must be compiled."""
    names_beside(pair)
    code = (
        "from detectors.deepdetector import DeepDetector, DeepDetectorParams\n"
        "heavy = lambda: sorted(m for m in sys.modules if m in ('tensorflow', 'cv2', 'ai_edge_litert'))\n"
        "params = DeepDetectorParams(model=sys.argv[1])\n"
        "problems = [problem.sentence for problem in DeepDetector.check(params)]\n"
        "in_parent = heavy()\n"
        "import numpy\n"
        "from pipeline.frame import Frame\n"
        "frame = Frame.from_rgb(numpy.zeros((40, 50, 3), numpy.uint8))\n"
        "detector = DeepDetector('objects', params)\n"
        "detector.load()\n"
        "detector.detect(frame, [frame.whole])\n"
        "answer = [problems, in_parent, heavy()]"
    )
    for _ in range(2):
        problems, in_parent, in_worker = run_python(code, pair[0])
        assert problems == []
        assert in_parent == []
        assert in_worker == ["ai_edge_litert", "cv2"]


def test_without_tensorflow_it_says_what_to_install(
    cache: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tensorflow" else found(name)
    )
    with pytest.raises(ModelError, match=r'by TensorFlow, which is not installed; type: .*\[tensorflow\]"$'):
        compiled_network(*pair, "float32")
