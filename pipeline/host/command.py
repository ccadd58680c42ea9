"""How this program was started, so that messages name commands that work where the user is."""

from __future__ import annotations

import sys
from pathlib import Path

CONSOLE_SCRIPTS = {
    "visualminer": "visualminer.py",
    "facerec-train": "facerec_train.py",
    "visualminer-models": "-m pipeline.models",
    "visualminer-selftest": "testimage.py",
    "visualsearch": "visualsearch.py",
    "visualminer-cluster": "visualminercluster.py",
}
"""The console scripts of the installed package, each with what Python runs in a checkout in its place."""

_CHECKOUT = Path(__file__).resolve().parents[2]


def program_name(script: str) -> str:
    """How the usage text names a program: by its console script if one was started, else by its file."""
    return script if _by_console_script() else CONSOLE_SCRIPTS[script]


def command(script: str) -> str:
    """A program as the user types it, such as `visualminer-models` or `.venv/bin/python -m pipeline.models`.

    Args:
        script: a key of `CONSOLE_SCRIPTS`.
    """
    return script if _by_console_script() else f"{_python()} {CONSOLE_SCRIPTS[script]}"


def program_path(script: str) -> Path:
    """The file that Python runs for a program: the console script, or the checkout's file.

    Args:
        script: a key of `CONSOLE_SCRIPTS` that is no module (`-m`).
    """
    return Path(sys.argv[0]).absolute() if _by_console_script() else _CHECKOUT / CONSOLE_SCRIPTS[script]


def install_command(extra: str) -> str:
    """What to type to install the packages of one of the project's extras, such as `dlib`.

    In a checkout pip gets the checkout's folder, because a package index may not have this program.
    """
    if extra == "dlib" and not _by_console_script() and (_CHECKOUT / "requirements-embedding.txt").exists():
        return f"{_python()} -m pip install --require-hashes -r requirements-embedding.txt"
    if not _by_console_script() and (_CHECKOUT / "pyproject.toml").exists():
        return f'{_python()} -m pip install -e ".[{extra}]"'
    return f'{_python()} -m pip install "deepvisualminer[{extra}]"'


def _by_console_script() -> bool:
    return Path(sys.argv[0]).name in CONSOLE_SCRIPTS


def _python() -> str:
    """The running Python: as the documents name it where it is the checkout's own, else by its path."""
    own = _CHECKOUT / ".venv"
    if _by_console_script():
        return sys.executable
    return ".venv/bin/python" if own.exists() and own.samefile(sys.prefix) else "python3"
