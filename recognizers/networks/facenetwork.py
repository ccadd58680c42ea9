"""Choosing, finding and loading the network of the strategy `embedding`."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from pipeline.errors import ModelError
from pipeline.host.command import install_command
from pipeline.models.catalog import DEFAULT
from pipeline.models.fetched import partly_here
from pipeline.models.files import FETCH_COMMAND, resolve_face_network
from pipeline.models.hash import model_sha256
from pipeline.text import printable
from recognizers.networks.base import RETRAIN, FaceNetwork, FaceNetworkRecord

DLIB = "dlib-face"
SFACE = "sface"

INSTALL_DLIB = install_command("dlib")

_KNOWN = f"give {SFACE}, {DLIB}, or the path of an .onnx file that describes faces of 112 x 112 pixels"


def network_named(word: str) -> str:
    """Return the name under which a model keeps a network: of the catalogue, an absolute path, or `DEFAULT`.

    Raises: ValueError: the word is none of them; lists what there is.
    """
    if word in (SFACE, DLIB, DEFAULT):
        return word
    if not word.endswith(".onnx"):
        raise ValueError(f'"{printable(word)}" is not a network for faces; {_KNOWN}')
    try:
        word.encode()
    except UnicodeEncodeError:
        raise ValueError(f'"{printable(word)}": a model cannot keep this name; rename the file') from None
    return os.path.abspath(word)


def chosen_network(name: str, *, aligned: bool) -> str:
    """Replace `DEFAULT` by a network that is installed: SFace if possible, as it is more accurate and faster.

    Args:
        name: see `network_named`.
        aligned: whether the faces are aligned, as SFace needs them.
    Raises: ModelError: no network for such faces is installed; says what to type.
    """
    if name != DEFAULT:
        return name
    if aligned and partly_here(SFACE):
        return SFACE
    if partly_here(DLIB):
        return DLIB
    if aligned:
        raise ModelError(f"no network that describes faces is here; type: {FETCH_COMMAND} {SFACE}")
    install = "" if _has_dlib() else f"{INSTALL_DLIB} && "
    raise ModelError(
        f"the faces are not aligned, as {SFACE} needs them; crop the photos with --detector yunet, or type: "
        f"{install}{FETCH_COMMAND} {DLIB}"
    )


def _has_dlib() -> bool:
    return importlib.util.find_spec("dlib") is not None


def network_files(name: str) -> tuple[Path, ...]:
    """Return a network's files, after a check that they and the package that runs them are installed.

    Raises: ModelError: a file or the package is missing; says what to type.
    """
    if name == DLIB and not _has_dlib():
        raise ModelError(f'network "{DLIB}": the package dlib-bin is not installed; type: {INSTALL_DLIB}')
    if name in (SFACE, DLIB):
        return resolve_face_network(name)
    if not os.path.isfile(name):
        what = "is not a file" if os.path.exists(name) else "there is no such file"
        raise ModelError(f"{printable(name)}: {what}; put the network back, or {RETRAIN}")
    return (Path(name),)


def network_record(name: str) -> FaceNetworkRecord:
    """Make the record of a network, with the hashes of its files.

    Raises: ModelError: as `network_files`, or a file cannot be read.
    """
    return FaceNetworkRecord(
        name=name, sha256={path.name: model_sha256(path) for path in network_files(name)}
    )


def network_ahead() -> FaceNetworkRecord | None:
    """The network that most models have, to describe faces before there is one; None if it is not here."""
    try:
        return network_record(SFACE) if partly_here(SFACE) else None
    except ModelError:
        return None


def load_network(record: FaceNetworkRecord) -> FaceNetwork:
    """Load the network of a record.

    Raises: ModelError: it is missing, its files have changed, or it cannot be used.
    """
    files = network_files(record.name)
    for path in files:
        if record.sha256.get(path.name) != model_sha256(path):
            raise ModelError(
                f"{printable(path)}: has changed since the model was trained with it; put the "
                f"old file back, or {RETRAIN}"
            )
    if record.name == DLIB:
        from recognizers.networks.dlibface import DlibFace

        return DlibFace(*files)
    (path,) = files
    if SFACE in path.name.lower():
        from recognizers.networks.sface import SFace

        return SFace(path)
    from recognizers.networks.arcface import ArcFace

    return ArcFace(path)
