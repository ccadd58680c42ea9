"""The cache of compiled networks: from a network's files to a LiteRT flatbuffer, made once.

The key is the content of the files, the precision and the compiler's version, so that an edited .cfg or
other weights never meet a stale network. Several processes may ask at once: one compiles, the others wait
for it. It is only a cache: a network that is damaged in it is made anew. Compiling is done in a process of
its own, for TensorFlow's sake: it takes seconds to import and a gigabyte to hold.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import importlib.util
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from pipeline.errors import ExitCode, ModelError
from pipeline.files.cachefolder import cache_folder
from pipeline.files.outputs import sweep_parts
from pipeline.host.command import install_command
from pipeline.host.logs import NOTICE, ONCE_A_RUN
from pipeline.models.hash import model_sha256
from pipeline.text import printable

Precision = Literal["float32", "int8"]
Opened = TypeVar("Opened")
Identity = tuple[int, int, int]

COMPILE_TIMEOUT_S = 900
UNUSED_S = 180 * 24 * 3600.0
"""A compiled network that nobody has used for so long goes when another one is made."""
_USE_NOTED_S = 24 * 3600.0

_log = logging.getLogger(__name__)
_PROJECT_ROOT = Path(__file__).resolve().parents[1]


class Compiler(NamedTuple):
    """What makes flatbuffers of one kind of files.

    Args:
        module: is run with `python -m`; see `compiling.run_compiler` for its command line.
        version: raise it when the same files would give another network.
    """

    module: str
    version: str


def compiled(compiler: Compiler, files: Sequence[Path], precision: Precision) -> Path:
    """The flatbuffer of a network, compiled now if the cache does not hold it.

    Args:
        compiler: of that kind of files.
        files: all that the network is made of; the first one's name is told to people.
        precision: of the weights.
    Raises: ModelError: the files are damaged or do not fit, or the cache cannot be written.
    """
    output = _place(compiler, files, precision)
    if not _use(output):
        with _locked(output.parent):
            if not output.exists():
                name = printable(files[0].name)
                _log.log(NOTICE, "compiling %s once, for %s; this takes a while", name, precision)
                _make(compiler, files, precision, output)
    return output


def open_compiled(
    compiler: Compiler, files: Sequence[Path], precision: Precision, opening: Callable[[Path], Opened]
) -> Opened:
    """The flatbuffer of a network, opened; made anew, once, where it cannot be.

    Args:
        compiler, files, precision: see `compiled`.
        opening: what the flatbuffer is opened with; raises ModelError where it is damaged.
    Raises: ModelError: as `compiled`; or of `opening`, where the flatbuffer is no better when it was made
        anew, or cannot be.
    """
    output = compiled(compiler, files, precision)
    refused = _identity(output)
    try:
        return opening(output)
    except ModelError as error:
        try:
            _make_anew(compiler, files, precision, output, refused)
        except ModelError as trouble:
            _log.warning("%s", trouble)
            raise error from trouble
    return opening(output)


def _make_anew(
    compiler: Compiler, files: Sequence[Path], precision: Precision, output: Path, refused: Identity | None
) -> None:
    """Compile in place of a flatbuffer that was refused, unless another process has done so since."""
    with _locked(output.parent):
        if _identity(output) in (None, refused):
            shown, name = printable(output), printable(files[0].name)
            _log.warning("%s: is damaged; compiling %s again, for %s", shown, name, precision)
            _make(compiler, files, precision, output)


def _place(compiler: Compiler, files: Sequence[Path], precision: Precision) -> Path:
    parts = [compiler.module, compiler.version, precision, *(model_sha256(file) for file in files)]
    key = hashlib.sha256(" ".join(parts).encode()).hexdigest()
    return cache_folder() / "compiled" / f"{key}.tflite"


def _identity(output: Path) -> Identity | None:
    """Tells a flatbuffer from the one that is made in its place; its times will not do: use changes them."""
    try:
        status = output.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size


def _use(output: Path) -> bool:
    """Whether the flatbuffer is there; that it was used is noted as its time, once a day."""
    try:
        if time.time() - output.stat().st_mtime > _USE_NOTED_S:
            with contextlib.suppress(OSError):  # a cache that is read-only, of a container perhaps
                os.utime(output)
    except OSError:  # whatever is wrong with the folder is told when the network is to be put there
        return False
    return True


def _sweep_unused(folder: Path) -> None:
    """Networks that were changed or given up leave flatbuffers behind that nobody asks for again.

    A process that has one of them open keeps it.
    """
    for path in folder.glob("*.tflite"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > UNUSED_S:
                path.unlink()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One compiler at a time, for it takes a gigabyte; the lock goes with its holder, however that ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        descriptor = _open_lock(folder / ".lock")
    except OSError as error:
        raise ModelError(
            f"{printable(folder)}: compiled networks cannot be kept there ({error.strerror}); "
            "set DEEPVISUALMINER_CACHE to a folder that can be written"
        ) from None
    try:
        _wait_for_lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int) -> None:
    """Take the lock, and say so once a run if another process has it: compiling takes minutes."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _log.log(NOTICE, "waiting for another process that compiles a network", extra=ONCE_A_RUN)
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _open_lock(path: Path) -> int:
    """Opened for reading, which a folder that several users share allows all of them, whoever was first."""
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)


def _make(compiler: Compiler, files: Sequence[Path], precision: str, output: Path) -> None:
    """Compile, where the folder is locked, and tidy up.

    Raises: ModelError: TensorFlow is not installed; says what to type.
    """
    if importlib.util.find_spec("tensorflow") is None:
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
        "KERAS_HOME": str(output.parent),  # or Keras writes its settings into the person's home
    }
    shown = printable(files[0])
    try:
        done = subprocess.run(
            [sys.executable, "-m", compiler.module, *arguments],
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
