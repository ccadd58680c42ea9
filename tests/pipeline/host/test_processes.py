"""How worker processes begin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ON_LINUX = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="elsewhere workers are always spawned"
)


def started_by(preparation: str) -> str:
    """What a fresh Python says after this."""
    asked = "from pipeline.host.processes import start_method\nprint(start_method())"
    code = f"import threading\n{preparation}\n{asked}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@ON_LINUX
def test_a_process_with_one_thread_is_forked() -> None:
    assert started_by("import visualminer, cli.commandline") == "fork"


@ON_LINUX
def test_so_is_one_into_which_a_plugin_imports_numpy() -> None:
    by_name = "from pipeline.host.tuning import limit_numpy_threads\nlimit_numpy_threads()\nimport numpy"
    assert started_by(by_name) == "fork"


def test_one_with_a_thread_more_is_not() -> None:
    assert started_by("threading.Thread(target=threading.Event().wait, daemon=True).start()") == "spawn"


def test_nor_is_one_with_a_thread_that_python_does_not_know() -> None:
    native = (
        "import ctypes\n"
        "entry = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(lambda _: ctypes.CDLL(None).pause())\n"
        "thread = ctypes.c_ulong()\n"
        "ctypes.CDLL(None).pthread_create(ctypes.byref(thread), None, entry, None)"
    )
    assert started_by(native) == "spawn"
