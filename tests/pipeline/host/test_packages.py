"""Which packages' versions are reported."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from pipeline.host.packages import PACKAGES, installed_versions

ROOT = Path(__file__).resolve().parents[3]
WITHOUT_RESULTS = {"backports-strenum", "imageio", "platformdirs", "rich"}
"""Requirements that no result depends on."""


def test_the_installed_ones_have_their_version_and_others_none(monkeypatch) -> None:
    versions = installed_versions()
    assert versions["numpy"] == importlib.metadata.version("numpy")
    monkeypatch.setattr("pipeline.host.packages.PACKAGES", ("numpy", "no-such-package"))
    assert installed_versions() == {"numpy": versions["numpy"], "no-such-package": None}


def test_every_requirement_that_results_depend_on_is_reported() -> None:
    required = set()
    for name in ("requirements.in", "requirements-embedding.in"):
        for line in (ROOT / name).read_text().splitlines():
            if "==" in line:
                required.add(line.partition("==")[0].lower())
    assert {package.lower() for package in PACKAGES} == required - WITHOUT_RESULTS
