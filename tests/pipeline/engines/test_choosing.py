"""The engine of a network is chosen once, by the time that each takes, and kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detectors.darknet.opening import compiled_network, open_darknet
from detectors.deepdetector import DeepDetector, DeepDetectorParams
from pipeline.engines import proven
from pipeline.engines.candidates import ENGINE_VARIABLE, Candidate
from pipeline.engines.choosing import fastest
from pipeline.engines.litert import LiteRtEngine
from pipeline.engines.names import EngineName, Precision
from pipeline.engines.onnxruntime import OnnxRuntimeEngine
from pipeline.engines.openvino import OpenVinoEngine
from pipeline.engines.timing import Job, measure
from pipeline.errors import ModelError
from pipeline.files.cachefolder import CACHE_VARIABLE
from pipeline.host.libraries import can_use_openvino
from pipeline.host.logs import NOTICE
from pipeline.host.processor import Processor, this_processor
from pipeline.models.__main__ import main
from pipeline.models.enginechoices import iter_choices
from pipeline.models.hash import model_sha256
from tests.detectors.darknet.networks import conv, head_conv, net, write_network, yolo

TEXT = net(32, 32) + conv(4) + head_conv() + yolo()
KINDS = {"litert": LiteRtEngine, "onnxruntime": OnnxRuntimeEngine, "openvino": OpenVinoEngine}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("network")
    (folder / "net.names").write_text("a\nb\nc\n")
    return write_network(folder, TEXT)


@pytest.fixture(scope="module")
def compiled_once(pair: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that holds the network for LiteRT."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(cache))
        compiled_network(*pair, "float32")
    return cache


@pytest.fixture
def cache(compiled_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this test's own, with the network for LiteRT, and no engine in the environment."""
    (tmp_path / "compiled").mkdir()
    for path in compiled_once.glob("compiled/*.tflite"):
        (tmp_path / "compiled" / path.name).hardlink_to(path)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.delenv(ENGINE_VARIABLE)
    return tmp_path


def engine_of(
    pair: tuple[Path, Path], name: EngineName = "auto", precision: Precision = "float32"
) -> type[Any]:
    return type(open_darknet(*pair, pair[0].with_suffix(".names"), precision, name)._engine)


def test_a_choice_is_made_once_told_and_kept(
    cache: Path, pair: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(NOTICE)
    first = engine_of(pair)
    (said,) = (record.getMessage() for record in caplog.records)
    assert said.startswith("net.cfg: runs in ")
    assert said.count(" ms") == (3 if can_use_openvino() else 2)
    ((path, choice),) = iter_choices()
    assert KINDS[choice.chosen.partition(" ")[0]] is first
    assert choice.input_wh == (32, 32)
    assert all(isinstance(took, float) and took > 0 for took in choice.measured.values())
    before = path.stat().st_mtime_ns
    assert engine_of(pair) is first
    assert path.stat().st_mtime_ns == before
    assert len(caplog.records) == 1


def test_what_was_chosen_is_used_however_slow_it_is_today(cache: Path, pair: tuple[Path, Path]) -> None:
    engine_of(pair)
    ((path, choice),) = iter_choices()
    for name in choice.measured:
        path.write_text(json.dumps(choice.model_dump() | {"chosen": name}))
        assert engine_of(pair) is KINDS[name.partition(" ")[0]]


@pytest.mark.parametrize("content", ["", "{}", '{"chosen": "abacus float32"}', "\xff" * 100_000])
def test_a_damaged_choice_is_made_again(cache: Path, pair: tuple[Path, Path], content: str) -> None:
    engine_of(pair)
    ((path, choice),) = iter_choices()
    path.write_text(content)
    engine_of(pair)
    ((_, again),) = iter_choices()
    assert again.measured.keys() == choice.measured.keys()


def test_another_network_has_a_choice_of_its_own(
    cache: Path, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    engine_of(pair)
    (tmp_path / "other").mkdir()
    other = write_network(tmp_path / "other", TEXT, seed=2, stem="other")
    (tmp_path / "other" / "other.names").write_text("a\nb\nc\n")
    engine_of(other)
    assert [choice.network for _, choice in iter_choices()] == ["net.cfg", "other.cfg"]


@pytest.mark.parametrize("name", ["litert", "onnxruntime", "openvino"])
@pytest.mark.parametrize("by_variable", [False, True])
def test_the_user_may_choose(
    cache: Path, pair: tuple[Path, Path], name: Any, by_variable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "openvino" and not can_use_openvino():
        pytest.skip("needs openvino")
    if by_variable:
        monkeypatch.setenv(ENGINE_VARIABLE, name)
        assert engine_of(pair) is KINDS[name]
        assert engine_of(pair, "onnxruntime") is OnnxRuntimeEngine  # the pipeline file says it more exactly
    else:
        assert engine_of(pair, name) is KINDS[name]
    assert list(iter_choices()) == []


def test_a_variable_that_names_no_engine_is_an_error(
    cache: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENGINE_VARIABLE, "abacus")
    with pytest.raises(
        ModelError, match=r'^DEEPVISUALMINER_ENGINE="abacus": expected one of auto, litert, onnxruntime, open'
    ):
        engine_of(pair)


def test_without_openvino_it_says_what_to_install(
    cache: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.engines.candidates.can_use_openvino", lambda: False)
    for precision, name in (("float32", "openvino"), ("bf16", "auto")):
        with pytest.raises(ModelError, match=r'net\.cfg: OpenVINO is not installed; type: .*\[openvino\]"$'):
            engine_of(pair, name, precision)  # type: ignore[arg-type]
    engine_of(pair)
    ((_, choice),) = iter_choices()
    assert list(choice.measured) == ["litert float32", "onnxruntime float32"]


@pytest.mark.skipif(not can_use_openvino(), reason="needs openvino")
def test_a_processor_without_bf16_says_so(
    cache: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Processor("an old one", frozenset({"avx2"}))
    monkeypatch.setattr("pipeline.engines.candidates.this_processor", lambda: old)
    with pytest.raises(
        ModelError, match=r"net\.cfg: this processor \(an old one\) has no bf16; write precision: float32$"
    ):
        engine_of(pair, precision="bf16")


def test_a_read_only_cache_serves_the_first_engine(
    cache: Path, pair: tuple[Path, Path], unprivileged: list[str], run_python: Callable[..., Any]
) -> None:
    """As a container may mount it: a choice could not be kept."""
    for folder in (cache / "compiled", cache):
        folder.chmod(0o555)
    code = (
        "import os; os.environ.pop('DEEPVISUALMINER_ENGINE', None)\n"
        "from pathlib import Path\n"
        "from detectors.darknet.opening import open_darknet\n"
        "answer = type(open_darknet(*map(Path, sys.argv[1:]), 'float32')._engine).__name__"
    )
    found = run_python(code, *pair, pair[0].with_suffix(".names"), prefix=unprivileged)
    for folder in (cache, cache / "compiled"):
        folder.chmod(0o755)
    assert found == "LiteRtEngine"
    assert list(iter_choices()) == []


def test_a_candidate_that_fails_or_differs_is_left_out(tmp_path: Path) -> None:
    import numpy as np

    from detectors.onnxwriter import OnnxGraph

    jobs = []
    for name, operator in (("relu", "Relu"), ("tanh", "Tanh"), ("same", "Relu")):
        graph = OnnxGraph()
        graph.output(graph.node(operator, graph.input("x", (1, 8))), "y", (1, 8))
        file = tmp_path / f"{name}.onnx"
        file.write_bytes(graph.content())
        jobs.append(Job(name, "onnxruntime", "float32", str(file)))
    jobs.append(Job("missing", "onnxruntime", "float32", str(tmp_path / "missing.onnx")))
    found = measure(jobs, {"x": np.linspace(-1, 3, 8, dtype=np.float32).reshape(1, 8)})
    assert isinstance(found["relu"], float)
    assert isinstance(found["same"], float)
    assert str(found["tanh"]).startswith("its outputs differ by ")
    assert str(found["missing"]).startswith("fails: ")


def test_files_in_the_users_folder_are_not_imported(
    cache: Path, pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The timing process runs where the user is."""
    (tmp_path / "here").mkdir()
    for name in ("numpy", "json", "pipeline"):
        (tmp_path / "here" / f"{name}.py").write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(tmp_path / "here")
    engine_of(pair)
    ((_, choice),) = iter_choices()
    assert all(isinstance(took, float) for took in choice.measured.values())


@pytest.mark.parametrize(
    ("measured", "chosen"),
    [
        ({"litert float32": 10.0, "onnxruntime float32": 9.1, "openvino bf16": 9.1}, "litert float32"),
        ({"litert float32": 10.0, "onnxruntime float32": 8.9, "openvino bf16": 8.1}, "onnxruntime float32"),
        ({"litert float32": 10.0, "onnxruntime float32": 9.1, "openvino bf16": 5.0}, "openvino bf16"),
        ({"litert float32": 10.0, "onnxruntime float32": 9.0, "litert int8": 6.1}, "onnxruntime float32"),
        ({"litert float32": 10.0, "openvino bf16": 6.6, "litert int8": 6.1}, "openvino bf16"),
        ({"litert float32": 10.0, "openvino bf16": 6.6, "litert int8": 5.9}, "litert int8"),
        ({"litert float32": "fails", "onnxruntime float32": 90.0}, "onnxruntime float32"),
        ({"litert float32": "fails"}, "litert float32"),
    ],
)
def test_the_faster_one_is_worth_its_place(measured: dict[str, float | str], chosen: str) -> None:
    candidates = [Candidate(*name.split()) for name in measured]
    assert str(fastest(measured, candidates)) == chosen


def test_reduced_precision_is_for_networks_that_were_measured(
    cache: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_of(pair, precision="auto")
    ((_, unproven),) = iter_choices()
    assert {name.split()[1] for name in unproven.measured} == {"float32"}
    assert main(["engines", "--forget"]) == 0
    monkeypatch.setitem(proven._PROVEN, model_sha256(pair[1]), frozenset({"bf16", "int8"}))  # type: ignore[arg-type]
    engine_of(pair, precision="auto")
    ((_, choice),) = iter_choices()
    expected = {"float32", "int8"}
    if can_use_openvino() and this_processor().has_bfloat16:
        expected.add("bf16")
    assert {name.split()[1] for name in choice.measured} == expected


def test_the_command_lists_and_forgets(
    cache: Path, pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["engines"]) == 0
    assert capsys.readouterr().out.startswith("no engine has been chosen yet: ")
    logging.disable()
    try:
        engine_of(pair)
    finally:
        logging.disable(logging.NOTSET)
    assert main(["engines"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("net.cfg, 32x32, float32, on ")
    assert said.count(" ms") == (3 if can_use_openvino() else 2)
    assert said.count("  chosen") == 1
    assert main(["engines", "--forget"]) == 0
    assert capsys.readouterr().out == "1 forgotten; the next run measures again\n"
    assert list(iter_choices()) == []


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"precision": "int8", "engine": "onnxruntime"}, "onnxruntime runs no int8 of Darknet's"),
        ({"precision": "int8", "engine": "openvino"}, "openvino runs no int8 of Darknet's"),
        ({"precision": "bf16", "engine": "litert"}, "litert has no bf16"),
    ],
)
def test_params_that_exclude_each_other_are_problems(
    pair: tuple[Path, Path], params: dict[str, Any], says: str
) -> None:
    (problem,) = DeepDetector.check(DeepDetectorParams(model=str(pair[0]), **params))
    assert problem.key == "engine"
    assert says in problem.sentence
