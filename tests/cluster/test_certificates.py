"""The certificates that machines share: what makes them good, and the sentences when they are not."""

from __future__ import annotations

import shutil
import ssl
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from cluster.certificates import CertificateFiles, find_certificates, make_certificates
from cluster.commands import makecerts
from cluster.reach import UnreachableError, check_reachable
from pipeline.errors import MinerError
from tests.cluster.hosts import CLUSTER


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    """Certificates of one cluster."""
    return make_certificates(tmp_path_factory.mktemp("certs") / "one")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    """Certificates of another one."""
    return make_certificates(tmp_path_factory.mktemp("certs") / "two")


def test_openssl_accepts_them_strictly(files: CertificateFiles) -> None:
    for purpose in ("sslserver", "sslclient"):
        command = ["openssl", "verify", "-x509_strict", "-purpose", purpose]
        command += ["-CAfile", files.authority, files.certificate]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_only_the_owner_can_read_the_key_and_there_is_no_key_of_the_authority(
    files: CertificateFiles,
) -> None:
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700
    assert {path.name for path in files.folder.iterdir()} == {"ca.pem", "cluster.pem", "cluster-key.pem"}
    text = subprocess.run(["openssl", "pkey", "-in", files.key, "-pubout"], capture_output=True).stdout
    made_of = ["openssl", "x509", "-in", files.authority, "-pubkey", "-noout"]
    assert text != subprocess.run(made_of, capture_output=True).stdout


def test_they_are_found_and_checked(files: CertificateFiles) -> None:
    assert find_certificates(str(files.folder)) == files


def test_they_are_never_replaced(files: CertificateFiles) -> None:
    before = {path: path.read_bytes() for path in files.folder.iterdir()}
    with pytest.raises(MinerError, match="it is there already; name another folder"):
        make_certificates(files.folder)
    assert {path: path.read_bytes() for path in files.folder.iterdir()} == before


def test_sentences(files: CertificateFiles, others: CertificateFiles, tmp_path: Path) -> None:
    with pytest.raises(
        MinerError, match=r"ca\.pem cannot be read \(No such file .* make-certs, copy the folder"
    ):
        find_certificates(str(tmp_path / "nowhere"))
    mixed = tmp_path / "mixed"
    shutil.copytree(files.folder, mixed)
    shutil.copy(others.key, mixed / "cluster-key.pem")
    with pytest.raises(MinerError, match=r"cannot be used \(KEY_VALUES_MISMATCH\); copy the folder again"):
        find_certificates(str(mixed))
    (mixed / "cluster.pem").write_text("nothing of the kind")
    with pytest.raises(MinerError, match="its certificates cannot be used"):
        find_certificates(str(mixed))
    old = make_certificates(tmp_path / "old", days=0)
    with pytest.raises(MinerError, match=r"expired on \d{4}-\d\d-\d\d; make others with"):
        find_certificates(str(old.folder))


@pytest.mark.parametrize("days", ["0", "-1", "x", "99999"])
def test_days_have_bounds(days: str) -> None:
    done = subprocess.run([*CLUSTER, "make-certs", "--days", days], capture_output=True, text=True)
    assert done.returncode == 2
    assert f"expected a number of days from 1 to {makecerts.MOST_DAYS}" in done.stderr


class Server:
    """Waits for one connection and shakes hands as Dask's scheduler does."""

    def __init__(self, files: CertificateFiles | None) -> None:
        import socket

        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"tls://127.0.0.1:{self._socket.getsockname()[1]}"
        self._files = files
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        try:
            connection, _ = self._socket.accept()
            with connection:
                if self._files is None:
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    return
                context = ssl.create_default_context(
                    ssl.Purpose.CLIENT_AUTH, cafile=str(self._files.authority)
                )
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_cert_chain(self._files.certificate, self._files.key)
                with context.wrap_socket(connection, server_side=True) as encrypted:
                    encrypted.sendall(b"hello")
        except OSError:
            return


def test_a_scheduler_with_the_same_certificates_is_reached(files: CertificateFiles) -> None:
    with Server(files) as server:
        check_reachable(server.address, files)


def test_who_is_not_of_the_cluster_gets_a_sentence(files: CertificateFiles, others: CertificateFiles) -> None:
    with Server(others) as server, pytest.raises(MinerError, match="is not of the authority in") as error:
        check_reachable(server.address, files)
    assert not isinstance(error.value, UnreachableError)
    with Server(None) as server, pytest.raises(MinerError, match="what listens there does not use TLS"):
        check_reachable(server.address, files)
    with pytest.raises(UnreachableError, match="no scheduler answers there"):
        check_reachable("tls://127.0.0.1:1", files)


def test_a_client_that_has_the_authority_and_another_certificate_is_refused(
    files: CertificateFiles, others: CertificateFiles, tmp_path: Path
) -> None:
    thief = tmp_path / "thief"
    shutil.copytree(others.folder, thief)
    shutil.copy(files.authority, thief / "ca.pem")
    with Server(files) as server, pytest.raises(MinerError, match="it refuses the certificate in"):
        check_reachable(server.address, CertificateFiles(thief))
