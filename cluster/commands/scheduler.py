"""`scheduler`: run Dask's scheduler with the right options."""

from __future__ import annotations

import argparse
import logging
import tempfile
import warnings
from typing import Any

from cluster.address import DEFAULT_PORT
from cluster.certificates import find_certificates
from cluster.dasksettings import import_distributed
from cluster.listening import check_can_listen
from pipeline.errors import UsageError
from pipeline.host.parentdeath import die_with_parent

_log = logging.getLogger("cluster")


def add_to(commands: Any) -> None:
    """Add the subcommand's arguments."""
    parser = commands.add_parser(
        "scheduler",
        help="run the scheduler, on one machine",
        description="Run the scheduler of a cluster, until Ctrl-C. Runs and machines connect to it.",
    )
    parser.add_argument("--host", default="", help="address to listen on (default: all of this machine)")
    parser.add_argument("--port", type=port, default=DEFAULT_PORT, help="default: %(default)s")
    parser.add_argument("--certs", metavar="FOLDER", help="the certificates of make-certs")
    parser.add_argument(
        "--no-tls", action="store_true", help="without encryption; listens on the loopback address only"
    )
    parser.add_argument(
        "--dashboard",
        type=_place,
        metavar="HOST:PORT",
        help="serve Dask's own page there, unencrypted (default: no page)",
    )
    parser.add_argument("--scheduler-file", metavar="FILE", help="write the address to FILE")
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def port(text: str) -> int:
    """The type of an argument that is a port."""
    if not (text.isdecimal() and int(text) < 1 << 16):
        raise argparse.ArgumentTypeError(f'expected a port from 0 to 65535, got "{text}"')
    return int(text)


def _place(text: str) -> tuple[str, int]:
    host, colon, number = text.rpartition(":")
    if not colon or ":" in host:
        raise argparse.ArgumentTypeError(f'expected HOST:PORT, such as 127.0.0.1:8787, got "{text}"')
    return host, port(number)


def run(given: argparse.Namespace) -> int:
    """Run it until a signal.

    Raises: MinerError: certificates are missing, or Dask is, or the port is in use.
    """
    if given.parent is not None:
        die_with_parent(given.parent)
    if given.no_tls and given.host not in ("", "127.0.0.1", "localhost", "::1"):
        raise UsageError(f"--host {given.host}: without encryption the scheduler listens on 127.0.0.1 only")
    host = f"[{given.host}]" if ":" in given.host else given.host
    arguments = ["--port", str(given.port)]
    if given.no_tls:
        arguments += ["--host", f"tcp://{host or '127.0.0.1'}"]
    else:
        files = find_certificates(given.certs)
        arguments += ["--host", f"tls://{host}", "--tls-ca-file", str(files.authority)]
        arguments += ["--tls-cert", str(files.certificate), "--tls-key", str(files.key)]
    check_can_listen(given.host or ("127.0.0.1" if given.no_tls else ""), given.port)
    if given.dashboard:
        page_host, page_port = given.dashboard
        check_can_listen(page_host, page_port, "--dashboard")
        arguments += ["--dashboard", "--dashboard-address", f"{page_host}:{page_port}"]
    else:
        arguments += ["--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
    if given.scheduler_file:
        arguments += ["--scheduler-file", given.scheduler_file]
    import_distributed(with_pages=bool(given.dashboard))
    import dask.config
    from distributed.cli.dask_scheduler import main

    # Dask looks for an address that reaches the internet; one that does not is good enough.
    warnings.filterwarnings("ignore", "Couldn't detect a suitable IP address", RuntimeWarning)
    _log.info("the scheduler listens on port %s", given.port or "(any)")
    with tempfile.TemporaryDirectory(prefix="deepvisualminer-scheduler-") as scratch:
        dask.config.set({"temporary-directory": scratch})
        main(arguments, standalone_mode=False)
    return 0
