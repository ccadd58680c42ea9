"""`worker`: let this machine mine for runs, with Dask's worker and the right options."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import tempfile
import time
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from cluster.address import parse_scheduler
from cluster.agent import ROOT_VARIABLES
from cluster.certificates import CertificateFiles, find_certificates
from cluster.commands.scheduler import port
from cluster.dasksettings import import_distributed
from cluster.listening import check_can_listen
from cluster.reach import wait_until_reachable
from pipeline.errors import ExitCode, UsageError
from pipeline.host.cores import usable_cores
from pipeline.host.parentdeath import die_with_parent
from pipeline.text import printable

DEATH_TIMEOUT_S = 300.0
"""How long a worker looks for a scheduler that is not there."""
MOST_CORES = 1024
_RETRY_S = 1.0
_STOP_S = 5.0
_log = logging.getLogger("cluster")


def add_to(commands: Any) -> None:
    """Add the subcommand's arguments."""
    parser = commands.add_parser(
        "worker",
        help="let this machine mine, on each machine",
        description="Let this machine mine for the runs of a cluster, until Ctrl-C. "
        "Machines come and go at any time.",
    )
    parser.add_argument("scheduler", metavar="SCHEDULER", help="tls://HOST:PORT")
    parser.add_argument("--certs", metavar="FOLDER", help="the certificates of make-certs")
    for name, what in (("input", "INPUT"), ("output", "OUTPUT"), ("pipeline", "the pipeline file's folder")):
        parser.add_argument(
            f"--{name}-root",
            metavar="FOLDER",
            help=f"where {what} of the run is on this machine, if elsewhere",
        )
    parser.add_argument(
        "--workers", type=_cores, metavar="N", help="most worker processes (default: one for each core)"
    )
    parser.add_argument("--host", help="this machine's address (default: the one that reaches the scheduler)")
    parser.add_argument("--port", type=port, default=0, help="port to listen on (default: any)")
    parser.add_argument(
        "--wait",
        type=float,
        default=DEATH_TIMEOUT_S,
        metavar="SECONDS",
        help="how long to look for a scheduler that is not there (default: %(default)g)",
    )
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def _cores(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= MOST_CORES):
        raise argparse.ArgumentTypeError(f'expected a whole number from 1 to {MOST_CORES}, got "{text}"')
    return int(text)


def run(given: argparse.Namespace) -> int:
    """Run Dask's worker until a signal; restart it after the scheduler or the network was lost.

    Raises: MinerError: certificates are missing or not those of the scheduler, or there is no scheduler.
    """
    if given.parent is not None:
        die_with_parent(given.parent)
    address = parse_scheduler(given.scheduler)
    files = find_certificates(given.certs) if address.startswith("tls://") else None
    for name, variable in ROOT_VARIABLES.items():
        if folder := getattr(given, f"{name}_root"):
            if not os.path.isdir(folder):
                raise UsageError(f"--{name}-root {printable(folder)}: there is no such folder")
            os.environ[variable] = os.path.abspath(folder)
    if given.host or given.port:
        check_can_listen(given.host or "", given.port)
    keeper = _Keeper(given, address, files)
    return keeper.keep()


class _Keeper:
    """Keeps a Dask worker running, in a child process: it ends itself when it loses the scheduler.

    Args:
        given: the command line.
        address: of the scheduler.
        files: the certificates.
    """

    def __init__(self, given: argparse.Namespace, address: str, files: CertificateFiles | None) -> None:
        self._given, self._address, self._files = given, address, files
        self._child: int | None = None
        self._signal: int | None = None

    def keep(self) -> int:
        """Run until a signal; returns the exit status.

        Raises: MinerError: as `run`.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        prefix = "deepvisualminer-worker-"
        with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as scratch:
            while self._signal is None:
                self._wait_for_scheduler()
                if self._signal is None:
                    _log.info("mining for the runs of %s", self._address)
                    self._run_once(scratch)
        return ExitCode.INTERRUPTED if self._signal == signal.SIGINT else ExitCode.OK

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self._signal = number
        if self._child is not None:
            os.kill(self._child, signal.SIGKILL)  # its engine dies with it; the run gives its tasks to others

    def _wait_for_scheduler(self) -> None:
        is_stopped = lambda: self._signal is not None  # noqa: E731
        wait_until_reachable(self._address, self._files, self._given.wait, is_stopped)

    def _run_once(self, scratch: str) -> None:
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                die_with_parent(parent)
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                status = _run_dask_worker(self._given, self._address, self._files, scratch)
            finally:
                os._exit(status)
        self._child = child
        if self._signal is not None:
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        self._child = None
        if self._signal is None:
            _log.warning("%s: the connection was lost; it is tried again", self._address)
            time.sleep(_RETRY_S)


def _run_dask_worker(
    given: argparse.Namespace, address: str, files: CertificateFiles | None, scratch: str
) -> int:
    cores = given.workers or usable_cores()
    arguments = [address, "--nworkers", "1", "--nthreads", str(cores), "--no-nanny", "--memory-limit", "0"]
    arguments += ["--no-dashboard", "--dashboard-address", "127.0.0.1:0", "--local-directory", scratch]
    arguments += ["--death-timeout", "30", "--host", given.host or _own_address(address)]
    if given.port:
        arguments += ["--worker-port", str(given.port)]
    if files is not None:
        arguments += ["--protocol", "tls", "--tls-ca-file", str(files.authority)]
        arguments += ["--tls-cert", str(files.certificate), "--tls-key", str(files.key)]
    import_distributed()
    from distributed.cli.dask_worker import main

    try:
        main(arguments, standalone_mode=False)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except Exception as error:
        print(f"{address}: Dask's worker has ended ({error})", file=sys.stderr)
        return 1
    return 0


def _own_address(scheduler: str) -> str:
    """The address of this machine on the network of the scheduler."""
    parts = urlsplit(scheduler)
    family, kind, _, _, to = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as probe:
        probe.connect(to)  # sends nothing: it only chooses a route
        return str(probe.getsockname()[0])
