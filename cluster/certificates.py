"""The certificates of a cluster: one certificate authority and one certificate, which all machines share.

Both ends of a Dask connection must have a certificate of the authority. Dask does not compare host names, so
any such certificate allows everything, and a certificate for each machine would not be safer than a shared
one. The authority's key is discarded after the certificate is signed, so that no other one can be made.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import platformdirs

from pipeline.errors import MinerError, OutputError
from pipeline.files.outputerrors import output_errors
from pipeline.host.command import command, install_command
from pipeline.text import printable

DAYS = 3650
"""How long certificates hold unless `make-certs --days` says otherwise."""

_AUTHORITY, _CERTIFICATE, _KEY = "ca.pem", "cluster.pem", "cluster-key.pem"


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """The three files of a cluster.

    Args:
        folder: that they are in.
    """

    folder: Path

    @property
    def authority(self) -> Path:
        """The authority's certificate."""
        return self.folder / _AUTHORITY

    @property
    def certificate(self) -> Path:
        """The certificate of all machines."""
        return self.folder / _CERTIFICATE

    @property
    def key(self) -> Path:
        """Its key, which allows programs to be run on all machines."""
        return self.folder / _KEY


def default_folder() -> Path:
    """The folder of the certificates unless one is named."""
    return platformdirs.user_config_path("deepvisualminer") / "cluster"


def find_certificates(folder: str | None) -> CertificateFiles:
    """The certificates in a folder, read once to see that they work.

    Args:
        folder: None for the default one.
    Raises: MinerError: they are missing, damaged, do not belong together or have expired.
    """
    files = CertificateFiles(Path(folder).absolute() if folder else default_folder())
    shown = printable(files.folder)
    try:
        context = ssl.create_default_context(cafile=str(files.authority))
        context.load_cert_chain(files.certificate, files.key)
        ends = min(_end_of(files.authority), _end_of(files.certificate))
    except ssl.SSLError as error:
        reason = error.reason or str(error)
        raise MinerError(
            f"{shown}: its certificates cannot be used ({reason}); copy the folder again from the machine on "
            "which it was made"
        ) from None
    except OSError as error:
        all_files = (files.authority, files.certificate, files.key)
        missing = next((path.name for path in all_files if not os.access(path, os.R_OK)), "a file of them")
        raise MinerError(
            f"{shown}: {missing} cannot be read ({error.strerror}); make certificates once with "
            f"{command('visualminer-cluster')} make-certs, copy the folder to all machines, and name it with "
            "--certs"
        ) from None
    if ends <= datetime.now(UTC):
        raise MinerError(
            f"{shown}: its certificates expired on {ends:%Y-%m-%d}; make others with "
            f"{command('visualminer-cluster')} make-certs and copy them to all machines"
        )
    return files


def make_certificates(folder: Path, days: int = DAYS) -> CertificateFiles:
    """Make an authority and a certificate in a folder that has none; the key can be read by its owner alone.

    Args:
        folder: created if it is missing.
        days: how long they hold.
    Raises: MinerError: the folder has certificates, or cannot be written.
    """
    x509 = _import_x509()
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID

    files = CertificateFiles(folder.absolute())
    for path in (files.authority, files.certificate, files.key):
        if os.path.lexists(path):
            raise OutputError(
                f"{printable(path)}: it is there already; name another folder, or remove it if no machine "
                "uses it"
            )
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begins = datetime.now(UTC) - timedelta(days=1)  # the clocks of machines differ
    ends = begins + timedelta(days=1 + days)
    issuer = _name(x509, "Deep Visual Miner cluster authority")

    def builder(subject: Any, public_key: Any) -> Any:
        """A certificate of the authority, without what authority and machines have of their own."""
        known = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
        return (
            x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known), critical=False
            )
        )

    authority = builder(issuer, authority_key.public_key())
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    authority = authority.add_extension(_usage(x509, signs_certificates=True), critical=True)
    certificate = builder(_name(x509, "Deep Visual Miner machine"), key.public_key())
    certificate = certificate.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    certificate = certificate.add_extension(_usage(x509, signs_certificates=False), critical=True)
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = certificate.add_extension(x509.ExtendedKeyUsage(both), critical=False)
    hash_ = _hash()
    contents = {
        files.key: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        files.certificate: certificate.sign(authority_key, hash_).public_bytes(Encoding.PEM),
        files.authority: authority.sign(authority_key, hash_).public_bytes(Encoding.PEM),
    }
    with output_errors(files.folder):
        files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path, content in contents.items():
        with output_errors(path):
            mode = 0o600 if path == files.key else 0o644
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
            with open(descriptor, "wb") as stream:
                stream.write(content)
    return files


def _end_of(certificate: Path) -> datetime:
    try:
        end: datetime = _import_x509().load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except ValueError as error:
        raise ssl.SSLError(str(error)) from None
    return end


def _import_x509() -> Any:
    try:
        from cryptography import x509
    except ImportError:
        raise MinerError(
            f"certificates need a package that is not installed; type: {install_command('cluster')}"
        ) from None
    return x509


def _hash() -> Any:
    from cryptography.hazmat.primitives.hashes import SHA256

    return SHA256()


def _name(x509: Any, text: str) -> Any:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _usage(x509: Any, *, signs_certificates: bool) -> Any:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
