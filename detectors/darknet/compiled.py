"""The cache of compiled networks: from a .cfg and .weights pair to a LiteRT flatbuffer, made once.

The key is the content of both files, the precision and the version of this compiler, so that an edited
cfg or other weights never meet a stale network. Several processes may ask at once: one compiles, the
others wait for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from detectors.darknet.cfg import read_cfg
from detectors.darknet.weights import check_weights
from pipeline.errors import ExitCode, ModelError
from pipeline.modelfiles import cache_folder, sha256_of
from pipeline.outputs import printable, sweep_parts

COMPILER_VERSION = "2"
"""Raise it when the same files would give another network."""

COMPILE_TIMEOUT_S = 900

_log = logging.getLogger(__name__)
_PROJECT_ROOT = Path(__file__).resolve().parents[2]


def compiled_network(cfg: Path, weights: Path, precision: str) -> Path:
    """The flatbuffer of a network, compiled now if the cache does not hold it.

    Args:
        cfg, weights: the pair of files.
        precision: `float32` or `int8`.
    Raises: ModelError: the files are damaged or do not fit, or the cache cannot be written.
    """
    check_weights(weights, read_cfg(cfg))
    key = hashlib.sha256(
        f"{COMPILER_VERSION} {precision} {sha256_of(cfg)} {sha256_of(weights)}".encode()
    ).hexdigest()
    folder = cache_folder() / "compiled"
    output = folder / f"{key}.tflite"
    if output.exists():
        return output
    with _locked(folder, key):
        if not output.exists():
            _log.warning("compiling %s once, for %s; this takes a while", printable(cfg.name), precision)
            sweep_parts(folder)
            _compile(cfg, weights, precision, output)
    return output


@contextlib.contextmanager
def _locked(folder: Path, key: str) -> Iterator[None]:
    """One process a key; the lock goes with its holder, however that ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = open(folder / f"{key}.lock", "wb")  # noqa: SIM115 - closed by the `with` below
    except OSError as error:
        raise ModelError(
            f"{printable(folder)}: compiled networks cannot be kept there ({error.strerror}); "
            "set DEEPVISUALMINER_CACHE to a folder that can be written"
        ) from None
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _compile(cfg: Path, weights: Path, precision: str, output: Path) -> None:
    arguments = [str(os.getpid()), str(cfg), str(weights), precision, str(output)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_PROJECT_ROOT), os.environ.get("PYTHONPATH")))),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "detectors.darknet.compile", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMPILE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"{printable(cfg)}: compiling took longer than {COMPILE_TIMEOUT_S} s") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        if done.returncode == ExitCode.ENVIRONMENT:
            raise ModelError(said[-1])
        raise ModelError(f"{printable(cfg)}: cannot be compiled ({_ending(done.returncode)}): {said[-1]}")


def _ending(returncode: int) -> str:
    return f"signal {-returncode}" if returncode < 0 else f"exit {returncode}"
