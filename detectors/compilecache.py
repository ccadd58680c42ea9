"""The cache of compiled networks: from a network's files to a LiteRT flatbuffer, made once.

The key is the content of the files, the precision and the compiler's version, so that an edited .cfg or
other weights never meet a stale network. Several processes may ask at once: one compiles, the others wait
for it. Compiling is done in a process of its own, for TensorFlow's sake: it takes seconds to import and a
gigabyte to hold.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pipeline.cachefolder import cache_folder
from pipeline.errors import ExitCode, ModelError
from pipeline.modelhash import model_sha256
from pipeline.notices import NOTICE
from pipeline.outputs import printable, sweep_parts

Precision = Literal["float32", "int8"]

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
    parts = [compiler.module, compiler.version, precision, *(model_sha256(file) for file in files)]
    key = hashlib.sha256(" ".join(parts).encode()).hexdigest()
    folder = cache_folder() / "compiled"
    output = folder / f"{key}.tflite"
    if not _use(output):
        with _locked(folder):
            if not output.exists():
                name = printable(files[0].name)
                _log.log(NOTICE, "compiling %s once, for %s; this takes a while", name, precision)
                sweep_parts(folder)
                _sweep_unused(folder)
                _compile(compiler, files, precision, output)
    return output


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
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open_lock(path: Path) -> int:
    """Opened for reading, which a folder that several users share allows all of them, whoever was first."""
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)


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
