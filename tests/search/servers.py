"""Real servers for tests, each started on a free port of this machine and stopped afterwards."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_STARTING_S = 60
_SOLR = Path(__file__).parents[1] / "solr"


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _postgresql_program(name: str) -> str | None:
    """Debian keeps the server's programs out of PATH, and other links of that name may lead elsewhere."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server with an empty database; its address."""
    initdb, pg_ctl = _postgresql_program("initdb"), _postgresql_program("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("PostgreSQL is not installed")
    # The server refuses to run as root; its folder must then belong to another user.
    user = "postgres" if os.geteuid() == 0 else getpass.getuser()
    prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if os.geteuid() == 0 else []
    folder = tempfile.mkdtemp(prefix="deepvisualminer-postgresql-")
    if os.geteuid() == 0:
        shutil.chown(folder, user, user)

    def run(*command: str) -> None:
        done = subprocess.run(
            [*prefix, *command], cwd="/", capture_output=True, text=True, timeout=_STARTING_S
        )
        assert done.returncode == 0, done.stdout + done.stderr

    port = free_port()
    data = f"{folder}/data"
    try:
        run(initdb, "-D", data, "-U", "miner", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        run(pg_ctl, "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql://miner@127.0.0.1:{port}/postgres"
        finally:
            run(pg_ctl, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def _solr_class_path() -> str:
    """The Java class path of Solr and of the program that starts it; Maven fetches its parts once."""
    with contextlib.ExitStack() as held:
        lock = held.enter_context(open(_SOLR / "pom.xml", "rb"))
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests that run side by side would write the same files
        done = subprocess.run(
            [
                *[
                    "mvn",
                    "-q",
                    "-B",
                    "compile",
                    "dependency:build-classpath",
                    "-Dmdep.outputFile=target/classpath",
                ]
            ],
            cwd=_SOLR,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return f"{_SOLR}/target/classes:{(_SOLR / 'target' / 'classpath').read_text()}"


@contextlib.contextmanager
def solr() -> Iterator[str]:
    """A Solr server with an empty core; its address."""
    if shutil.which("mvn") is None or shutil.which("java") is None:
        pytest.skip("Maven or Java is not installed")
    class_path, port = _solr_class_path(), free_port()
    with tempfile.TemporaryDirectory(prefix="deepvisualminer-solr-") as folder:
        shutil.copytree(_SOLR / "home", f"{folder}/home")
        command = ["java", "-Xmx512m", f"-Dsolr.log.dir={folder}/logs", "-cp", class_path, "SolrServer"]
        with (
            open(f"{folder}/stderr", "wb") as errors,
            subprocess.Popen(
                [*command, f"{folder}/home", str(port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process,
        ):
            assert process.stdout is not None
            try:
                said = next((line for line in process.stdout if line.startswith("ready")), "")
                assert said, Path(f"{folder}/stderr").read_text()
                yield f"solr+http://127.0.0.1:{port}/solr/photos"
            finally:
                process.kill()
