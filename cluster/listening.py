"""Whether this machine can listen at an address, with a sentence if not: Dask ends with a traceback."""

from __future__ import annotations

import contextlib
import errno
import socket

from pipeline.errors import MinerError, UsageError
from pipeline.text import printable


def check_can_listen(host: str, port: int, option: str = "--port") -> None:
    """Bind a socket to an address for a moment.

    Args:
        host: a name or number of this machine; empty for all of its addresses.
        port: 0 for any.
        option: which chooses the port, for the sentence.
    Raises:
        UsageError: the address is not of this machine.
        MinerError: the port is in use, or needs root.
    """
    try:
        flags = socket.AI_PASSIVE
        places = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=flags)
    except OSError as error:  # `socket.gaierror` is one
        raise _no_such_address(host, error) from None
    for family, kind, protocol, _, place in places:
        with contextlib.ExitStack() as stack:
            try:
                probe = stack.enter_context(socket.socket(family, kind, protocol))
            except OSError:  # a machine without IPv6
                continue
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Dask does
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                probe.bind(place)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise MinerError(
                        f"port {port} of this machine is in use, perhaps by this command, started before; "
                        f"end that program or choose another port with {option}"
                    ) from None
                if error.errno == errno.EACCES:
                    raise MinerError(f"port {port} needs root; choose another one with {option}") from None
                if host:
                    raise _no_such_address(host, error) from None


def _no_such_address(host: str, error: OSError) -> UsageError:
    return UsageError(
        f"{printable(host)} is not an address of this machine ({error.strerror}); name one that is"
    )
