"""The value of `--cluster`, checked."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.errors import UsageError
from pipeline.host.command import command
from pipeline.text import printable

DEFAULT_PORT = 8786
MOST_LOCAL = 64
"""A larger number of machines on this one is treated as a typing error."""

_FORM = "tls://HOST:PORT"


@dataclass(frozen=True, slots=True)
class ClusterAddress:
    """Where the machines are.

    Args:
        scheduler: the address of a Dask scheduler, `tls://HOST:PORT` or `tcp://HOST:PORT`; None: the machines
            are started on this one.
        local: how many of them.
    """

    scheduler: str | None
    local: int = 0

    @property
    def is_encrypted(self) -> bool:
        """Whether certificates are needed."""
        return self.scheduler is None or self.scheduler.startswith("tls://")


def parse_address(text: str) -> ClusterAddress:
    """Read the value of `--cluster`.

    Raises: UsageError: it is not an address, or others on the network could change its unencrypted traffic.
    """
    if match := re.fullmatch(r"local:(\d{1,4})", text):
        count = int(match[1])
        if not 1 <= count <= MOST_LOCAL:
            raise UsageError(f"--cluster {text}: a number from 1 to {MOST_LOCAL} is expected after local:")
        return ClusterAddress(None, count)
    return ClusterAddress(parse_scheduler(text, f"{_FORM} or local:N"))


def parse_scheduler(text: str, expected: str = _FORM) -> str:
    """Read the address of a scheduler; returns it with its port.

    Args:
        text: the address.
        expected: what is allowed, for the sentence.
    Raises: UsageError: as `parse_address`.
    """
    shown = printable(text)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError:
        raise UsageError(f'"{shown}" is no address of a scheduler; expected {expected}') from None
    if parts.scheme not in ("tls", "tcp") or not host or parts.path or parts.query or parts.username:
        raise UsageError(f'"{shown}" is no address of a scheduler; expected {expected}')
    if parts.scheme == "tcp" and not is_loopback(host):
        raise UsageError(
            f'"{shown}": without encryption, any machine of the network could run programs here; '
            f"use tls://{host}:{port} and certificates, see {command('visualminer-cluster')} make-certs -h"
        )
    bracketed = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{bracketed}:{port}"


def is_loopback(host: str) -> bool:
    """Whether a name or number stands for this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        pass
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(str(address).partition("%")[0]).is_loopback for address in found)
