"""Fingerprints: equal to those of version 1.0.0, and changed only by what changes results."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field

from detectors.simpledetector import SimpleDetector, SimpleDetectorParams
from pipeline.catalog import CATALOG, load_class
from pipeline.component import Writer
from pipeline.config.config import read_config
from pipeline.config.fingerprint import fingerprint_of
from pipeline.config.values import PipelineConfig
from pipeline.formats import FORMATS, results_fingerprint
from pipeline.selftest import example_params, write_example_models
from tests.running import component, pipeline_file

FACES = component("faces", "simpledetector", model="haarcascade_frontalface_default.xml", min_neighbors=4)
REPORT = component("report", "jsonreportwriter", "faces")
PARAMS_OF_1_0_0 = {
    "deepdetector": "triggerlabels model weights labels threshold nms precision resize family device",
    "facedetector": "triggerlabels model threshold outputlabel max_side",
    "framewriter": "triggerlabels format size quality only",
    "jsonreportwriter": "triggerlabels",
    "photowriter": "triggerlabels format size quality",
    "recognizer": "triggerlabels model strategies outputlabel equalizehist unknown unknown_distance",
    "simpledetector": "triggerlabels model outputlabel scaledown_factor min_neighbors min_size",
    "videowriter": "triggerlabels format size stretch quality hold",
}
TARGETS_OF_1_0_0 = {
    "deepdetector": "detectors.deepdetector:DeepDetector",
    "facedetector": "detectors.facedetector:FaceDetector",
    "framewriter": "annotators.framewriter:FrameWriter",
    "jsonreportwriter": "reporters.jsonreportwriter:JsonReportWriter",
    "photowriter": "annotators.photowriter:PhotoWriter",
    "recognizer": "recognizers.recognizer:Recognizer",
    "simpledetector": "detectors.simpledetector:SimpleDetector",
    "videowriter": "annotators.videowriter:VideoWriter",
}


def fingerprint_of_1_0_0(config: PipelineConfig, sampling: dict[str, Any] | None = None) -> str:
    """The formula of version 1.0.0, written out; never to be changed."""
    parts: list[Any] = ["1.0.0"]
    if sampling is not None:
        parts.append(sampling)
    if config.on_truncated != "fail":
        parts.append(config.on_truncated)
    for one in config.components:
        values = one.params.model_dump()
        files = load_class(one.target).model_files(one.params)
        parts.append(
            [
                one.name,
                TARGETS_OF_1_0_0[one.type],
                one.inputs,
                {key: values[key] for key in PARAMS_OF_1_0_0[one.type].split()},
                [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files],
            ]
        )
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_example_models(folder)
    return folder


UNCHANGED = [word for word in PARAMS_OF_1_0_0 if load_class(CATALOG[word]).RESULTS_VERSION == 1]


@pytest.mark.parametrize("type_", UNCHANGED)
def test_types_whose_results_are_those_of_1_0_0_keep_their_fingerprint(
    type_: str, models: Path, tmp_path: Path
) -> None:
    params = example_params(type_, models)
    is_writer = issubclass(load_class(CATALOG[type_]), Writer)
    tested = component("tested", type_, "faces" if is_writer else "files", **params)
    config = read_config(str(pipeline_file(tmp_path / "p.yml", FACES, tested)))
    assert config.fingerprint == fingerprint_of_1_0_0(config)


def test_settings_of_the_whole_pipeline_keep_their_fingerprint(tmp_path: Path) -> None:
    path = pipeline_file(tmp_path / "p.yml", FACES, REPORT)
    path.write_text(path.read_text() + "video: {every: 5, start: 2}\non_truncated: salvage\n")
    config = read_config(str(path))
    sampling = {"every": 5, "fps": None, "keyframes": False, "start": 2.0, "end": None, "max_frames": None}
    assert config.fingerprint == fingerprint_of_1_0_0(config, sampling)


def test_the_programs_version_is_no_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(pipeline_file(tmp_path / "p.yml", FACES, REPORT))
    before = read_config(path).fingerprint
    monkeypatch.setattr("pipeline.__version__", "7.3.1")
    assert read_config(path).fingerprint == before


def test_a_components_results_version_changes_the_pipelines_that_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_faces = read_config(str(pipeline_file(tmp_path / "a.yml", FACES, REPORT)))
    yunet = component("faces", "facedetector", model="yunet-2023")
    without = read_config(str(pipeline_file(tmp_path / "b.yml", yunet, REPORT)))
    monkeypatch.setattr(SimpleDetector, "RESULTS_VERSION", 2)
    assert again(with_faces) != with_faces.fingerprint
    assert again(without) == without.fingerprint


class LaterParams(SimpleDetectorParams):
    """As a later version may have them."""

    later: Annotated[int, Field(ge=0, description="a param that version 1.0.0 did not have")] = 3


def test_a_later_param_counts_only_where_it_is_not_its_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_config(str(pipeline_file(tmp_path / "a.yml", FACES, REPORT))).fingerprint
    monkeypatch.setattr(SimpleDetector, "Params", LaterParams)
    assert read_config(str(tmp_path / "a.yml")).fingerprint == before
    path = tmp_path / "b.yml"
    for later, same in ((3, True), (4, False)):
        path.write_text(
            (tmp_path / "a.yml").read_text().replace("    min_n", f"    later: {later}\n    min_n")
        )
        assert (read_config(str(path)).fingerprint == before) is same


def test_a_formats_version_changes_the_results_of_that_format_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = "ab" * 32
    assert {results_fingerprint(pipeline, word) for word in (*FORMATS, None, "gone")} == {pipeline}
    monkeypatch.setitem(FORMATS, "heif", FORMATS["heif"]._replace(results_version=2))
    second = results_fingerprint(pipeline, "heif")
    monkeypatch.setitem(FORMATS, "heif", FORMATS["heif"]._replace(results_version=3))
    assert len({pipeline, second, results_fingerprint(pipeline, "heif")}) == 3
    assert results_fingerprint(pipeline, "jpeg") == pipeline
    assert all(len(bytes.fromhex(hash_)) == 32 for hash_ in (pipeline, second))


def again(config: PipelineConfig) -> str:
    return fingerprint_of(config.components, config.sampling, config.on_truncated)


def test_the_engine_is_no_part_of_it(models: Path, tmp_path: Path) -> None:
    """Results differ by rounding only."""

    def fingerprint(**more: str) -> str:
        params = example_params("deepdetector", models) | more
        file = pipeline_file(
            tmp_path / "p.yml",
            component("objects", "deepdetector", **params),
            component("report", "jsonreportwriter", "objects"),
        )
        config = read_config(file)
        return fingerprint_of(config.components, config.sampling, config.on_truncated)

    assert fingerprint() == fingerprint(engine="onnxruntime") != fingerprint(precision="int8")
