"""Settings of the whole pipeline: each is checked with its line, and fingerprinted if it decides results."""

from __future__ import annotations

import pytest

from pipeline.config.config import read_config
from pipeline.errors import PipelineFileError
from tests.running import component, pipeline_file


def test_the_video_section_is_checked_with_lines_and_changes_the_fingerprint(tmp_path):
    detector = component("all", "tests.plugins.routes:Echoes")
    path = pipeline_file(tmp_path / "p.yml", detector)
    plain = read_config(str(path), allow_plugins=True)
    body = path.read_text()
    path.write_text(f"video:\n  every: 0\n  fsp: 3\n{body}")
    with pytest.raises(PipelineFileError) as raised:
        read_config(str(path), allow_plugins=True)
    lines = [problem.partition("p.yml:")[2] for problem in raised.value.problems]
    assert lines[0] == "2: video.every: expected a number at least 1, got 0"
    assert lines[1].startswith('3: video has no "fsp"; did you mean "fps"?')
    path.write_text(f"video: 3\n{body}")
    with pytest.raises(PipelineFileError, match=r'p\.yml:1: "video" must be a mapping; got 3'):
        read_config(str(path), allow_plugins=True)
    path.write_text(f"video: {{every: 2, fps: 3}}\n{body}")
    with pytest.raises(PipelineFileError, match='"every" and "fps" exclude each other; give one of them'):
        read_config(str(path), allow_plugins=True)
    path.write_text(f"video: {{start: 1:30}}\n{body}")
    sampled = read_config(str(path), allow_plugins=True)
    assert sampled.sampling.start == 90
    assert sampled.fingerprint != plain.fingerprint
    path.write_text(f"video:\n{body}")
    assert read_config(str(path), allow_plugins=True).fingerprint == plain.fingerprint


def test_what_becomes_of_cut_photos_is_checked_and_changes_the_fingerprint(tmp_path):
    path = pipeline_file(tmp_path / "p.yml", component("all", "tests.plugins.routes:Echoes"))
    plain, body = read_config(str(path), allow_plugins=True), path.read_text()
    assert plain.on_truncated == "fail"
    for word in ("no", "[salvage]", "3", "salvage!"):
        path.write_text(f"{body}on_truncated: {word}\n")
        with pytest.raises(
            PipelineFileError, match=r'p\.yml:\d: "on_truncated" must be "fail" or "salvage"; got'
        ):
            read_config(str(path), allow_plugins=True)
    path.write_text(f"{body}on_truncated: salvage\n")
    salvaging = read_config(str(path), allow_plugins=True)
    assert salvaging.on_truncated == "salvage"
    assert salvaging.fingerprint != plain.fingerprint
    path.write_text(f"{body}on_truncated: fail\n")
    assert read_config(str(path), allow_plugins=True).fingerprint == plain.fingerprint


def test_what_becomes_of_proxies_is_checked_and_changes_no_fingerprint(tmp_path):
    path = pipeline_file(tmp_path / "p.yml", component("all", "tests.plugins.routes:Echoes"))
    plain, body = read_config(str(path), allow_plugins=True), path.read_text()
    assert plain.proxies == "skip"
    path.write_text(f"{body}proxies: yes\n")
    with pytest.raises(PipelineFileError, match='"proxies" must be "skip" or "mine"; got'):
        read_config(str(path), allow_plugins=True)
    path.write_text(f"{body}proxies: mine\n")
    taking = read_config(str(path), allow_plugins=True)
    assert (taking.proxies, taking.fingerprint) == ("mine", plain.fingerprint)
