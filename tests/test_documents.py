"""The documents say what the program does: names, params, options, codes; and the files beside them work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from cli.arguments import make_parser
from pipeline.catalog import CATALOG, load_class
from pipeline.config.config import read_config
from pipeline.config.examples import EXAMPLES
from pipeline.errors import FAILURE_ADVICE, FAILURE_MEANINGS, ExitCode, FailureCode
from pipeline.models.catalog import STANDS_FOR, find_model
from pipeline.models.fetched import is_here
from pipeline.selftest import write_example_models
from pipeline.videos.sampling import Sampling

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *PAGES]


def page(name: str) -> str:
    """The text of one page of docs/."""
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


PIPELINES = sorted(ROOT.glob("*.yml"))


def test_there_are_the_pipeline_files_of_2017_and_the_demo() -> None:
    names = {path.stem for path in PIPELINES}
    original = {"example-pipeline", "onlycascade", "onlycatfacerecog", "onlydetector", "onlydetectorreport"}
    assert names == original | {"demo-pipeline", "people"}
    assert {path.name for path in PIPELINES} == set(EXAMPLES.values())
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"({path.name})" in readme for path in PIPELINES)


def test_readme_fits_on_a_few_screens() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 90


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


def test_the_pipeline_file_page_names_every_type_and_every_param() -> None:
    text = page("pipeline-file")
    for type_, target in CATALOG.items():
        assert f"`{type_}`" in text
        for param in load_class(target).Params.model_fields:
            assert re.search(rf"^\| `{param}` \|", text, re.MULTILINE), f"{type_}.{param}"


def test_the_command_line_page_names_every_option() -> None:
    text = page("command-line")
    for action in make_parser()._actions:
        for option in action.option_strings:
            if option.startswith("--"):
                assert f"`{option}" in text, option
    assert "INPUT OUTPUT PIPELINE.yml" in text


@pytest.mark.parametrize("code", ExitCode, ids=lambda code: code.name)
def test_the_scripting_page_names_every_exit_code(code: ExitCode) -> None:
    assert re.search(rf"^\| {code.value} \| .+ \|$", page("scripting"), re.MULTILINE)


@pytest.mark.parametrize("code", FailureCode)
def test_the_scripting_page_says_what_every_failure_code_means(code: FailureCode) -> None:
    assert f"| `{code}` | {FAILURE_MEANINGS[code]} | {FAILURE_ADVICE[code]} |" in page("scripting")


def headings(path: Path) -> set[str]:
    """The anchors that a page has, as GitHub makes them of its headings."""
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = document.parent / name if name else document
        assert path.exists(), target
        assert not anchor or anchor in headings(path), target


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.stem)
def test_readme_leads_to_every_page(document: Path) -> None:
    assert f"(docs/{document.name})" in (ROOT / "README.md").read_text(encoding="utf-8")


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


def test_the_pipeline_file_page_and_example_name_every_key_of_the_video_section() -> None:
    example = (ROOT / "example-pipeline.yml").read_text(encoding="utf-8")
    for key in Sampling.model_fields:
        assert re.search(rf"^\| .*`{key}`.* \|", page("pipeline-file"), re.MULTILINE), key
        assert re.search(rf"^ +# {key}:", example, re.MULTILINE), key


def test_architecture_names_every_folder() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for folder in ("pipeline", "detectors", "recognizers", "annotators", "reporters", "search"):
        for path in sorted((ROOT / folder).rglob("__init__.py")):
            name = f"{path.parent.relative_to(ROOT)}/"
            assert name == "pipeline/" or f"`{name}`" in text, name


def test_the_detector_of_the_plugins_page_works(tmp_path: Path) -> None:
    (module,) = re.findall(r"^```python\n(.*?)^```$", page("plugins"), re.MULTILINE | re.DOTALL)
    (pipeline,) = re.findall(r"^```yaml\n(.*?)^```$", page("plugins"), re.MULTILINE | re.DOTALL)
    (tmp_path / "blur.py").write_text(module, encoding="utf-8")
    (tmp_path / "blur.yml").write_text(pipeline, encoding="utf-8")
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (64, 48), "gray").save(tmp_path / "photos" / "even.png")
    Image.effect_noise((64, 48), 90).save(tmp_path / "photos" / "noise.png")
    command = [sys.executable, ROOT / "visualminer.py", "--allow-plugins", "photos", "mined", "blur.yml"]
    environment = {**os.environ, "PYTHONPATH": "."}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    labels = {
        name: json.loads((tmp_path / "mined" / f"{name}.png.json").read_text())["frames"][0]["blur"]
        for name in ("even", "noise")
    }
    assert labels["even"][0]["labels"] == [{"label": "blurred"}]
    assert labels["noise"] == []
