from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pipeline.host.command import CONSOLE_SCRIPTS, command, install_command, program_name

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("script", CONSOLE_SCRIPTS)
def test_a_console_script_is_named_as_it_was_started(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [f"/home/you/.local/bin/{script}", "fetch"])
    assert command("visualminer-models") == "visualminer-models"
    assert program_name("visualminer") == "visualminer"
    assert install_command("dlib") == f'{sys.executable} -m pip install "deepvisualminer[dlib]"'
    assert install_command("cluster") == f'{sys.executable} -m pip install "deepvisualminer[cluster]"'


def test_in_a_checkout_it_is_python_and_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["visualminer.py"])
    monkeypatch.setattr(sys, "prefix", str(ROOT / ".venv"))
    assert command("visualminer-models") == ".venv/bin/python -m pipeline.models"
    assert program_name("visualminer") == "visualminer.py"
    assert install_command("dlib").endswith("-r requirements-embedding.txt")
    assert install_command("tensorflow") == '.venv/bin/python -m pip install -e ".[tensorflow]"'


def test_with_another_python_it_is_that_of_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["/root/deepvisualminer/visualminer.py"])
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert command("facerec-train") == "python3 facerec_train.py"


def test_the_console_scripts_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"].keys() == CONSOLE_SCRIPTS.keys()


@pytest.mark.parametrize("script", CONSOLE_SCRIPTS)
def test_what_a_checkout_runs_in_place_of_a_script_is_there(script: str) -> None:
    started = CONSOLE_SCRIPTS[script].split()
    assert subprocess.run([sys.executable, *started, "--help"], cwd=ROOT, capture_output=True).returncode == 0
