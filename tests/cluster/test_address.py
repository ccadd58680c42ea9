"""What may follow --cluster, and what is refused with a sentence."""

from __future__ import annotations

import re

import pytest

from cluster.address import ClusterAddress, is_loopback, parse_address
from pipeline.errors import UsageError
from tests.running import run


@pytest.mark.parametrize(
    ("text", "scheduler", "local"),
    [
        ("tls://server1:8786", "tls://server1:8786", 0),
        ("tls://server1", "tls://server1:8786", 0),
        ("tls://[fd00::1]:9000", "tls://[fd00::1]:9000", 0),
        ("tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786", 0),
        ("tcp://[::1]", "tcp://[::1]:8786", 0),
        ("tcp://localhost:1", "tcp://localhost:1", 0),
        ("local:3", None, 3),
    ],
)
def test_addresses(text: str, scheduler: str | None, local: int) -> None:
    assert parse_address(text) == ClusterAddress(scheduler, local)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "tcp://10.0.0.7:8786",
            "use tls://10.0.0.7:8786 and certificates, see ",
        ),
        ("tcp://no-such-host.invalid:8786", "without encryption"),
        ("local:0", "a number from 1 to 64 is expected after local:"),
        ("local:65", "a number from 1 to 64"),
        ("local:", "expected tls://HOST:PORT or local:N"),
        ("server1:8786", "expected tls://HOST:PORT or local:N"),
        ("tls://server1:99999", "expected tls://HOST:PORT or local:N"),
        ("tls://user@server1", "expected tls://HOST:PORT or local:N"),
        ("tls://", "expected tls://HOST:PORT or local:N"),
        ("ucx://server1:8786", "expected tls://HOST:PORT or local:N"),
        ("", "expected tls://HOST:PORT or local:N"),
    ],
)
def test_refusals(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)) as error:
        parse_address(text)
    assert "\n" not in str(error.value)


def test_names_of_this_machine() -> None:
    assert is_loopback("localhost")
    assert is_loopback("127.9.9.9")
    assert not is_loopback("0.0.0.0")


def test_the_command_line_refuses_before_anything_is_read(tmp_path) -> None:
    done = run(tmp_path, tmp_path / "out", "no.yml", "--cluster", "tcp://10.0.0.7:8786")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    done = run(tmp_path, tmp_path / "out", "no.yml", "--cluster", "local:2", "--workers", "0")
    assert done.returncode == 2
    assert "--workers 0 mines in this process; leave it out with --cluster" in done.stderr
    done = run(tmp_path, tmp_path / "out", "no.yml", "--certs", tmp_path)
    assert done.returncode == 2
    assert "--certs FOLDER belongs to --cluster MACHINES" in done.stderr
