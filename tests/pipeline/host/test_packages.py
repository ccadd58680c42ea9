"""Which packages' versions are reported."""

from __future__ import annotations

import ast
import importlib.metadata
import re
from pathlib import Path

from pipeline.host.packages import PACKAGES, installed_versions

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("annotators", "detectors", "recognizers", "reporters", "pipeline/photos", "pipeline/videos")
"""What makes results."""
NOT_REPORTED = {"protobuf", "rich", "deepvisualminer"}
"""TensorFlow brings the first; the second shows progress; the last is this project, where it was built."""


def test_the_installed_ones_have_their_version_and_others_none(monkeypatch) -> None:
    versions = installed_versions()
    assert versions["numpy"] == importlib.metadata.version("numpy")
    monkeypatch.setattr("pipeline.host.packages.PACKAGES", ("numpy", "no-such-package"))
    assert installed_versions() == {"numpy": versions["numpy"], "no-such-package": None}


def test_every_package_that_makes_results_is_reported() -> None:
    distributions = importlib.metadata.packages_distributions()
    imported = {
        normalized(distribution)
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        for module in imports_of(path)
        for distribution in distributions.get(module, ())
    }
    assert {"numpy", "onnxruntime", "tensorflow"} <= imported
    assert imported - NOT_REPORTED <= {normalized(package) for package in PACKAGES}


def normalized(distribution: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def imports_of(path: Path) -> set[str]:
    """The top-level names of the modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found
