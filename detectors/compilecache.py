"""A cache of compiled networks: each network's files are compiled once, to the file that an engine loads.

The key is the content of the files, the precision and the compiler's version, so an edited .cfg or other
weights never use a stale file. If several processes need a network at once, one compiles it and the others
wait. A damaged file is compiled again. Compiling runs in a process of its own, because TensorFlow takes
seconds to import and a gigabyte of memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from pipeline.errors import ExitCode, ModelError
from pipeline.files.cachefolder import cache_folder
from pipeline.files.parts import sweep_parts
from pipeline.host.command import install_command
from pipeline.host.logs import NOTICE
from pipeline.models.cachelock import locked
from pipeline.models.hash import model_sha256
from pipeline.text import printable

Precision = Literal["float32", "int8"]
Opened = TypeVar("Opened")
Identity = tuple[int, int, int]

COMPILE_TIMEOUT_S = 900
UNUSED_S = 180 * 24 * 3600.0
"""A compiled network unused for so long is deleted when another one is compiled."""
_USE_NOTED_S = 24 * 3600.0

_log = logging.getLogger(__name__)
_PROJECT_ROOT = Path(__file__).resolve().parents[1]


class Compiler(NamedTuple):
    """A program that compiles files of one kind.

    Args:
        module: run with `python -m`; see `compiling.run_compiler` for its command line.
        version: raise it when the same files give another compiled file.
        suffix: of the compiled file.
        needs_tensorflow: whether it runs TensorFlow.
    """

    module: str
    version: str
    suffix: str = ".tflite"
    needs_tensorflow: bool = True

    @property
    def usable(self) -> bool:
        """Whether what it needs is installed."""
        return not self.needs_tensorflow or importlib.util.find_spec("tensorflow") is not None


def compiled(compiler: Compiler, files: Sequence[Path], precision: Precision) -> Path:
    """Return the path of a compiled network; compile it first if the cache does not hold it.

    Args:
        compiler: for files of that kind.
        files: all files of the network; messages name the first.
        precision: of the weights.
    Raises: ModelError: the files are damaged or do not fit, or the cache cannot be written.
    """
    output = _place(compiler, files, precision)
    if not _use(output):
        with locked(output.parent):
            if not output.exists():
                level = NOTICE if compiler.needs_tensorflow else logging.DEBUG
                name = printable(files[0].name)
                _log.log(level, "compiling %s once, for %s; this takes a while", name, precision)
                _make(compiler, files, precision, output)
    return output


def is_compiled(compiler: Compiler, files: Sequence[Path], precision: Precision) -> bool:
    """Whether the cache holds the compiled network."""
    return _place(compiler, files, precision).exists()


def open_compiled(
    compiler: Compiler, files: Sequence[Path], precision: Precision, opening: Callable[[Path], Opened]
) -> Opened:
    """Open a compiled network; if it is damaged, compile it again, once.

    Args:
        compiler, files, precision: see `compiled`.
        opening: opens a compiled network; raises ModelError if it is damaged.
    Raises: ModelError: as `compiled`; or as `opening`, if the network cannot be compiled again or cannot be
        opened then.
    """
    output = compiled(compiler, files, precision)
    refused = _identity(output)
    try:
        return opening(output)
    except ModelError as error:
        try:
            _make_again(compiler, files, precision, output, refused)
        except ModelError as trouble:
            _log.warning("%s", trouble)
            raise error from trouble
    return opening(output)


def _make_again(
    compiler: Compiler, files: Sequence[Path], precision: Precision, output: Path, refused: Identity | None
) -> None:
    """Replace a compiled network that could not be opened, unless another process has replaced it since."""
    with locked(output.parent):
        if _identity(output) in (None, refused):
            shown, name = printable(output), printable(files[0].name)
            _log.warning("%s: is damaged; compiling %s again, for %s", shown, name, precision)
            _make(compiler, files, precision, output)


def _place(compiler: Compiler, files: Sequence[Path], precision: Precision) -> Path:
    parts = [compiler.module, compiler.version, precision, *(model_sha256(file) for file in files)]
    key = hashlib.sha256(" ".join(parts).encode()).hexdigest()
    return cache_folder() / "compiled" / f"{key}{compiler.suffix}"


def _identity(output: Path) -> Identity | None:
    """Device, inode and size of a file, or None if it is missing; its times change when it is used."""
    try:
        status = output.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size


def _use(output: Path) -> bool:
    """Whether the file exists; if so, its time is set to now, at most once a day, as its last use."""
    try:
        if time.time() - output.stat().st_mtime > _USE_NOTED_S:
            with contextlib.suppress(OSError):  # the cache may be read-only, in a container for example
                os.utime(output)
    except OSError:  # `locked` reports what is wrong with the folder
        return False
    return True


def _sweep_unused(folder: Path) -> None:
    """Delete networks that were not used for `UNUSED_S`; a process that has one open is not affected."""
    for path in (*folder.glob("*.tflite"), *folder.glob("*.onnx")):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > UNUSED_S:
                path.unlink()


def _make(compiler: Compiler, files: Sequence[Path], precision: str, output: Path) -> None:
    """Compile, after removing unused files; the folder must be locked.

    Raises: ModelError: TensorFlow is needed and not installed; says what to type.
    """
    if not compiler.usable:
        raise ModelError(
            f"{printable(files[0])}: must be compiled by TensorFlow, which is not installed; "
            f"type: {install_command('tensorflow')}"
        )
    sweep_parts(output.parent)
    _sweep_unused(output.parent)
    _compile(compiler, files, precision, output)


def _compile(compiler: Compiler, files: Sequence[Path], precision: str, output: Path) -> None:
    arguments = [str(os.getpid()), precision, str(output), *(str(file) for file in files)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_PROJECT_ROOT), os.environ.get("PYTHONPATH")))),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
        "KERAS_HOME": str(output.parent),  # or Keras writes its settings into the user's home folder
    }
    shown = printable(files[0])
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", compiler.module, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMPILE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"{shown}: compiling took longer than {COMPILE_TIMEOUT_S} s") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        if done.returncode == ExitCode.ENVIRONMENT:
            raise ModelError(said[-1])
        raise ModelError(f"{shown}: cannot be compiled ({_ending(done.returncode)}): {said[-1]}")


def _ending(returncode: int) -> str:
    return f"signal {-returncode}" if returncode < 0 else f"exit {returncode}"
