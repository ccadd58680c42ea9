"""Whether a scheduler can be reached, with a sentence if not: Dask itself only says that it timed out."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from cluster.certificates import CertificateFiles
from pipeline.errors import MinerError
from pipeline.host.command import command
from pipeline.text import printable

CONNECT_S = 10.0
_GREETING_S = 3.0
_RETRY_S = 0.5


_log = logging.getLogger("cluster")


class UnreachableError(MinerError):
    """Nothing listens there, or not yet."""


def wait_until_reachable(
    address: str, files: CertificateFiles | None, patience_s: float, is_stopped: Callable[[], bool]
) -> None:
    """Connect to a scheduler once, which may still be starting.

    Args:
        address, files: as for `check_reachable`.
        patience_s: how long to try while nothing answers.
        is_stopped: whether to stop trying.
    Raises: MinerError: as `check_reachable`.
    """
    until, is_waiting = time.monotonic() + patience_s, False
    while not is_stopped():
        try:
            check_reachable(address, files)
        except UnreachableError as error:
            if time.monotonic() >= until:
                raise
            if not is_waiting:
                _log.info("%s; it is tried for %.0f s", error, patience_s)
            is_waiting = True
            time.sleep(_RETRY_S)
        else:
            return


def check_reachable(address: str, files: CertificateFiles | None) -> None:
    """Connect to a scheduler once.

    Args:
        address: `tls://HOST:PORT` or `tcp://HOST:PORT`.
        files: the certificates; None for a connection without encryption.
    Raises:
        UnreachableError: nothing answers there.
        MinerError: what answers has or wants other certificates.
    """
    parts = urlsplit(address)
    shown = printable(address)
    assert parts.hostname is not None
    try:
        connection = socket.create_connection((parts.hostname, parts.port or 0), CONNECT_S)
    except socket.gaierror as error:
        raise UnreachableError(
            f"{shown}: this machine knows no host of that name ({error.strerror}); correct the address"
        ) from None
    except OSError as error:
        raise UnreachableError(
            f"{shown}: no scheduler answers there ({error.strerror or error}); "
            f"start one with {command('visualminer-cluster')} scheduler"
        ) from None
    with connection:
        if files is not None:
            _greet(connection, files, shown)


def _greet(connection: socket.socket, files: CertificateFiles, shown: str) -> None:
    """Shake hands, and wait for the first byte: a server refuses a client's certificate only then."""
    context = ssl.create_default_context(cafile=str(files.authority))
    context.check_hostname = False
    context.load_cert_chain(files.certificate, files.key)
    try:
        with context.wrap_socket(connection) as encrypted:
            encrypted.settimeout(_GREETING_S)
            try:
                encrypted.recv(1)
            except TimeoutError:
                return
    except ssl.SSLCertVerificationError as error:
        raise MinerError(
            f"{shown}: its certificate is not of the authority in {printable(files.folder)} "
            f"({error.verify_message}); copy the same certificates to all machines"
        ) from None
    except ssl.SSLError as error:
        if error.reason == "WRONG_VERSION_NUMBER":
            raise MinerError(
                f"{shown}: what listens there does not use TLS; it is another program, or a scheduler with "
                "--no-tls"
            ) from None
        raise MinerError(
            f"{shown}: it refuses the certificate in {printable(files.folder)} ({error.reason}); "
            "copy the same certificates to all machines"
        ) from None
    except OSError as error:
        raise UnreachableError(
            f"{shown}: the connection was closed ({error.strerror or error}); look at the scheduler there"
        ) from None
