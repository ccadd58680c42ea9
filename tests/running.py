"""Running the program as a user does, and small photos to run it on."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from pipeline.host.logs import set_levels

ROOT = Path(__file__).parents[1]
PROGRAM = [sys.executable, str(ROOT / "visualminer.py")]
PATIENCE_S = 120
"""A hanging program fails its test instead of hanging it."""


def run(
    *arguments: str | bytes | os.PathLike[str], prefix: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run visualminer.py to its end, behind another command if one is given; its output as text."""
    command = [*prefix, *PROGRAM, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)


@contextlib.contextmanager
def restored_logging() -> Iterator[None]:
    """Puts the log's handlers and levels back after what sets them up for a whole process."""
    root, handlers, raises = logging.getLogger(), logging.getLogger().handlers[:], logging.raiseExceptions
    try:
        yield
    finally:
        for handler in set(root.handlers) - set(handlers):
            with contextlib.suppress(OSError):
                handler.close()
        root.handlers[:] = handlers
        set_levels(logging.NOTSET)
        logging.raiseExceptions = raises


def small_photo(path: Path, width: int = 8, height: int = 8) -> Path:
    """Write a gray PNG of this size; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (width, height), 128).save(path, "PNG")
    return path


def component(name: str, type_: str, inputs: str = "files", **params: object) -> str:
    """A component of a pipeline file; params are written as Python's `repr` writes them, which YAML reads."""
    lines = [f"- name: {name}", f"  type: {type_}", f"  inputs: [{inputs}]", "  params:"]
    return "\n".join(lines + [f"    {key}: {value!r}" for key, value in params.items()]) + "\n"


def pipeline_file(path: Path, *components: str) -> Path:
    """Write a pipeline file of components as `component` makes them."""
    path.write_text("pipeline:\n" + "".join(components))
    return path


def flip_a_bit(path: Path) -> None:
    """Change one bit in the middle of a file, as a disk does that grows old."""
    with open(path, "r+b") as stream:
        at = path.stat().st_size // 2
        stream.seek(at)
        (byte,) = stream.read(1)
        stream.seek(at)
        stream.write(bytes([byte ^ 1]))


def parts_in(folder: Path) -> list[Path]:
    """Unfinished outputs of processes that no longer exist."""
    return list(folder.rglob(".*.part"))
