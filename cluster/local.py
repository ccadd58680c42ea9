"""The machines of `--cluster local:N`: a scheduler and workers on this machine, to try a cluster with."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from cluster.certificates import CertificateFiles, make_certificates
from pipeline.errors import MinerError
from pipeline.host.cores import usable_cores

START_S = 60.0
_POLL_S = 0.02
_CHECKOUT = Path(__file__).resolve().parents[1]


@contextlib.contextmanager
def local_machines(count: int) -> Iterator[tuple[str, CertificateFiles]]:
    """Run a scheduler and workers while the context is open, the cores divided among them.

    They talk over the loopback, encrypted: other users of this machine could connect to them otherwise.

    Args:
        count: how many workers.
    Yields: the scheduler's address, and the certificates.
    Raises: MinerError: they do not start.
    """
    with contextlib.ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(
            prefix="deepvisualminer-cluster-",
            ignore_cleanup_errors=True,  # a killed Dask worker may still be ending
        )
        folder = Path(stack.enter_context(temporary))
        files = make_certificates(folder / "certificates", days=365)
        found = folder / "scheduler.json"
        with_certificates = ("--certs", str(files.folder))
        host = ("--host", "127.0.0.1")
        scheduler = stack.enter_context(
            _command(
                *(folder, "scheduler", *host, "--port", "0", "--scheduler-file", str(found)),
                *with_certificates,
            )
        )
        address = _address_in(found, scheduler)
        cores = max(1, usable_cores() // count)
        for _ in range(count):
            stack.enter_context(
                _command(folder, "worker", address, "--workers", str(cores), *host, *with_certificates)
            )
        yield address, files


@contextlib.contextmanager
def _command(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of the commands, with a folder for its temporary files, while the context is open."""
    path = os.pathsep.join(filter(None, [str(_CHECKOUT), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-m", "visualminercluster", *arguments, "--parent", str(os.getpid())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path, "TMPDIR": str(folder)},
        start_new_session=True,  # Ctrl-C is for the run, which ends them
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _address_in(found: Path, scheduler: subprocess.Popen[bytes]) -> str:
    """The address in the file that the scheduler writes once it listens.

    Raises: MinerError: it has ended, or is not there in time.
    """
    until = time.monotonic() + START_S
    while time.monotonic() < until and scheduler.poll() is None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            return str(json.loads(found.read_bytes())["address"])
        time.sleep(_POLL_S)
    raise MinerError("--cluster local: the scheduler does not start; see what it has printed")
