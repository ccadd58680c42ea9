"""The documents say what the program does: names, params, options, codes; and the files beside them work."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import visualminer
from pipeline.catalog import CATALOG
from pipeline.config.config import load_class, read_config
from pipeline.errors import FAILURE_MEANINGS, ExitCode, FailureCode
from pipeline.models.catalog import STANDS_FOR, find_model
from pipeline.models.fetched import is_here
from pipeline.selftest import write_example_models
from pipeline.videos.sampling import Sampling

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PIPELINES = sorted(ROOT.glob("*.yml"))


def test_there_are_the_pipeline_files_of_2017_and_the_demo() -> None:
    names = {path.stem for path in PIPELINES}
    original = {"example-pipeline", "onlycascade", "onlycatfacerecog", "onlydetector", "onlydetectorreport"}
    assert names == original | {"demo-pipeline"}
    assert all(f"({path.name})" in README for path in PIPELINES)


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.stem)
def test_pipeline_files_are_valid(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    if not all(any(is_here(find_model(name)) for name in names) for names in STANDS_FOR.values()):
        monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path))
        text = re.sub("model: default$", "model: tiny.cfg", text, flags=re.MULTILINE)
        text = re.sub("model: yunet$", "model: tiny-yunet.onnx", text, flags=re.MULTILINE)
    write_example_models(tmp_path)
    text = text.replace("models/mycats/", "faces/")  # the user's own, the one thing that has to be made first
    copy = tmp_path / path.name
    copy.write_text(text, encoding="utf-8")
    assert len(read_config(str(copy)).components) >= 2


def test_the_example_pipeline_shows_every_type_and_every_param() -> None:
    example = (ROOT / "example-pipeline.yml").read_text(encoding="utf-8")
    for type_, target in CATALOG.items():
        assert f"type: {type_}" in example
        for param in load_class(target).Params.model_fields:
            assert re.search(rf"^\s+(# *)?{param}:", example, re.MULTILINE), f"{type_}.{param}"


def test_readme_names_every_type_and_every_param() -> None:
    for type_, target in CATALOG.items():
        assert f"`{type_}`" in README
        for param in load_class(target).Params.model_fields:
            assert re.search(rf"^\| `{param}` \|", README, re.MULTILINE), f"{type_}.{param}"


def test_readme_names_every_option() -> None:
    for action in visualminer._parser()._actions:
        for option in action.option_strings:
            if option.startswith("--"):
                assert f"`{option}" in README, option
    assert "INPUT OUTPUT PIPELINE.yml" in README


@pytest.mark.parametrize("code", ExitCode, ids=lambda code: code.name)
def test_readme_names_every_exit_code(code: ExitCode) -> None:
    assert re.search(rf"^\| {code.value} \| .+ \|$", README, re.MULTILINE)


@pytest.mark.parametrize("code", FailureCode)
def test_readme_says_what_every_failure_code_means(code: FailureCode) -> None:
    assert f"| `{code}` | {FAILURE_MEANINGS[code]} |" in README


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif "://" not in target:
            assert (ROOT / target).exists(), target


def test_the_example_report_has_the_shape_of_todays_reports() -> None:
    report = json.loads((ROOT / "example-image-report.json").read_text(encoding="utf-8"))
    assert report["type"] == "photo"
    assert report["schema"] == 1
    (frame,) = report["frames"]
    found = [entry for name, entries in frame.items() if name != "frame" for entry in entries]
    assert found
    for entry in found:
        x1, y1, x2, y2 = entry["rect"]
        assert 0 <= x1 < x2 <= report["width"]
        assert 0 <= y1 < y2 <= report["height"]
        assert entry["labels"][0]["label"]


def test_the_example_report_of_a_video_has_the_shape_of_todays_reports() -> None:
    report = json.loads((ROOT / "example-video-report.json").read_text(encoding="utf-8"))
    assert report["type"] == "video"
    assert report["read_frames"] == len(report["frames"])
    assert [frame["time"] for frame in report["frames"]] == sorted(
        frame["time"] for frame in report["frames"]
    )
    for label, seen in report["summary"].items():
        best = next(frame for frame in report["frames"] if frame["frame"] == seen["frame"])
        shown = [
            entry["labels"][0] for entries in best.values() if isinstance(entries, list) for entry in entries
        ]
        assert label in {one["label"] for one in shown}


def test_readme_and_example_name_every_key_of_the_video_section() -> None:
    example = (ROOT / "example-pipeline.yml").read_text(encoding="utf-8")
    for key in Sampling.model_fields:
        assert re.search(rf"^\| .*`{key}`.* \|", README, re.MULTILINE), key
        assert re.search(rf"^ +# {key}:", example, re.MULTILINE), key


def test_architecture_names_every_module() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for folder in ("pipeline", "detectors", "recognizers", "annotators", "reporters"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT)
            assert name.name == "__init__.py" or f"`{name}`" in text or f"`{name.parent}/*.py`" in text, name
