"""The table of findings names every script, and what it says of the product's tests is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FINDINGS = ROOT / "findings"
TABLE = (FINDINGS / "README.md").read_text(encoding="utf-8")
SCRIPTS = sorted(path for path in FINDINGS.glob("*.sh") if path.name != "common.sh")


def test_the_table_names_every_script_once() -> None:
    assert sorted(re.findall(r"^\| \[[^]]+\]\(([^)]+)\)", TABLE, re.MULTILINE)) == [
        path.name for path in SCRIPTS
    ]


def test_the_tests_that_it_names_are_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", TABLE))
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert named
    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_can_be_run_and_pins_what_it_installs(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)
    assert all(f"\n# {part}:" in text for part in ("Guess", "Real", "Versions", "Matters"))
    (packages,) = re.findall(r"^venv (.+)$", text, re.MULTILINE)
    assert all(re.fullmatch(r"[\w-]+==[\w.]+", package) for package in packages.split())


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shellcheck_finds_nothing() -> None:
    names = [str(path.relative_to(ROOT)) for path in sorted(FINDINGS.glob("*.sh"))]
    result = subprocess.run(["shellcheck", *names], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
