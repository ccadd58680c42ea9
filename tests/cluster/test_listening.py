"""Addresses at which a scheduler or a worker cannot listen."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from cluster.listening import check_can_listen
from pipeline.errors import MinerError, UsageError


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of the loopback address on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", ""])
def test_a_port_in_use(host: str, taken: int) -> None:
    with pytest.raises(MinerError) as error:
        check_can_listen(host, taken, "--dashboard")
    assert f"port {taken} of this machine is in use" in str(error.value)
    assert str(error.value).endswith("choose another port with --dashboard")


@pytest.mark.parametrize("host", ["", "127.0.0.1", "::1", "localhost"])
def test_a_free_port_stays_free(host: str) -> None:
    if host == "::1" and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    check_can_listen(host, 0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    check_can_listen(host, port)
    with socket.create_server(("127.0.0.1", port)):
        pass


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_of_another_machine(host: str) -> None:
    with pytest.raises(UsageError, match=f"{host} is not an address of this machine"):
        check_can_listen(host, 0)
