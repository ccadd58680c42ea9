"""The scheduler and the worker as commands: where they listen, what they say, how they end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cluster.certificates import CertificateFiles, make_certificates
from tests.cluster.hosts import CLUSTER, until
from tests.cluster.libraries import make_library, make_pipeline
from tests.running import PATIENCE_S, ROOT, run

Start = Callable[..., subprocess.Popen]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    """Certificates."""
    return make_certificates(tmp_path_factory.mktemp("certs"))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a command whose output goes to a file."""
    processes = []

    def start(*arguments: object, log: str = "log") -> subprocess.Popen:
        with (tmp_path / log).open("w") as stream:
            process = subprocess.Popen(
                [*CLUSTER, *map(str, arguments)], cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT
            )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def listening(pid: int) -> set[tuple[str, int]]:
    """Addresses and ports on which a process and its children listen."""
    found = set()
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        for connection in process.net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN:
                found.add((connection.laddr.ip, connection.laddr.port))
    return found


def scheduler_address(folder: Path) -> str:
    """The port on which a scheduler listens that was started with --scheduler-file."""
    import json

    until((folder / "scheduler.json").exists)
    until(lambda: (folder / "scheduler.json").stat().st_size > 0)
    return json.loads((folder / "scheduler.json").read_text())["address"]


def test_a_second_scheduler_says_that_the_port_is_in_use(files: CertificateFiles, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = [*CLUSTER, "scheduler", "--certs", str(files.folder), "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 3
    assert f"port {port} of this machine is in use" in done.stderr
    assert done.stderr.count("\n") == 1


def test_nothing_but_tls_is_reached_from_outside(
    files: CertificateFiles, start: Start, tmp_path: Path
) -> None:
    where = ("--certs", files.folder, "--port", 0, "--scheduler-file", tmp_path / "scheduler.json")
    scheduler = start("scheduler", *where)
    port = int(scheduler_address(tmp_path).rpartition(":")[2])
    worker = start("worker", f"tls://127.0.0.1:{port}", "--certs", files.folder, log="worker.log")
    until(lambda: len(listening(worker.pid)) == 2, tmp_path / "worker.log")
    ports = listening(scheduler.pid)
    outside = {one for address, one in ports if address not in ("127.0.0.1", "::1")}
    assert outside == {port}
    assert {address for address, _ in listening(worker.pid)} == {"127.0.0.1"}
    for http in {one for _, one in ports | listening(worker.pid)} - outside:
        for path in ("/health", "/json/identity.json", "/info/main/workers.html", "/status"):
            with pytest.raises((urllib.error.HTTPError, OSError)):
                urllib.request.urlopen(f"http://127.0.0.1:{http}{path}", timeout=10)


def test_they_end_at_a_signal_and_leave_nothing(
    files: CertificateFiles, start: Start, tmp_path: Path
) -> None:
    where = ("--certs", files.folder, "--port", 0, "--scheduler-file", tmp_path / "scheduler.json")
    scheduler = start("scheduler", *where, "--host", "127.0.0.1")
    address = scheduler_address(tmp_path)
    worker = start("worker", address, "--certs", files.folder, log="worker.log")
    until(lambda: len(listening(worker.pid)) == 2, tmp_path / "worker.log")
    children = psutil.Process(worker.pid).children(recursive=True)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(20) == 130
    assert not psutil.wait_procs(children, timeout=10)[1]
    scheduler.send_signal(signal.SIGTERM)
    assert scheduler.wait(20) == 0


def test_without_tls_only_the_loopback_address_is_allowed(start: Start, tmp_path: Path) -> None:
    assert start("scheduler", "--no-tls", "--host", "0.0.0.0").wait(30) == 2
    assert "without encryption the scheduler listens on 127.0.0.1 only" in (tmp_path / "log").read_text()
    scheduler = start("scheduler", "--no-tls", "--port", 0, "--scheduler-file", tmp_path / "scheduler.json")
    assert scheduler_address(tmp_path).startswith("tcp://127.0.0.1:")
    assert {address for address, _ in listening(scheduler.pid)} == {"127.0.0.1"}


def test_a_worker_without_a_scheduler_gives_up(files: CertificateFiles, start: Start, tmp_path: Path) -> None:
    worker = start("worker", "tls://127.0.0.1:1", "--certs", files.folder, "--wait", 1)
    assert worker.wait(30) == 3
    assert (
        "tls://127.0.0.1:1: no scheduler answers there (Connection refused)" in (tmp_path / "log").read_text()
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("worker", "tcp://10.0.0.7:8786"),
            "without encryption, any machine of the network could run programs",
        ),
        (
            ("worker", "tls://a", "--input-root", "/no/such/folder"),
            "--input-root /no/such/folder: there is no",
        ),
        (("worker", "tls://a", "--certs", "/no/such/folder"), "/no/such/folder: ca.pem cannot be read"),
        (("scheduler", "--port", "99999"), "expected a port from 0 to 65535"),
        (("worker", "tls://a", "--workers", "0"), "expected a whole number from 1 to 1024"),
    ],
)
def test_sentences(arguments: tuple[str, ...], sentence: str, files: CertificateFiles) -> None:
    certs = () if "--certs" in arguments or "--port" in arguments else ("--certs", str(files.folder))
    done = subprocess.run([*CLUSTER, *arguments, *certs], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (2, 3)
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("nanny", ["--nanny", "--no-nanny"])
def test_dasks_own_worker_mines_as_well(
    nanny: str, files: CertificateFiles, start: Start, tmp_path: Path
) -> None:
    where = ("--certs", files.folder, "--port", 0, "--scheduler-file", tmp_path / "scheduler.json")
    start("scheduler", *where, "--host", "127.0.0.1")
    address = scheduler_address(tmp_path)
    tls = ["--tls-ca-file", files.authority, "--tls-cert", files.certificate, "--tls-key", files.key]
    options = ["--nthreads", "1", nanny, "--memory-limit", "1GB", "--local-directory", tmp_path / "scratch"]
    worker = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_worker", address, *tls, *options],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        library, pipeline = make_library(tmp_path / "photos", 4, video_s=2), make_pipeline(tmp_path)
        certs = ("--cluster", address, "--certs", files.folder)
        done = run(library, tmp_path / "mined", pipeline, "--no-index", *certs)
        assert done.returncode == 0, done.stderr
        assert "mined 4 photos and 1 video" in done.stdout
        assert "mines with up to 1 worker" in done.stderr
    finally:
        worker.terminate()
        worker.wait(30)
