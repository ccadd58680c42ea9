"""Find the local files of a model that is given by name or path.

Nothing is fetched. A file of the catalogue is checked against its SHA-256 each time; the hash of an unchanged
file is cached, so that this is fast enough for every start. `python -m pipeline.models verify` reads all
files.
"""

from __future__ import annotations

import glob
import logging
import os
from pathlib import Path
from typing import NamedTuple

import platformdirs

from pipeline.errors import ModelError
from pipeline.files.cachefolder import CACHE_VARIABLE, cache_folder
from pipeline.host.command import command
from pipeline.host.logs import NOTICE
from pipeline.models.catalog import (
    DEFAULT,
    STANDS_FOR,
    YUNET,
    NamedModel,
    find_model,
    read_catalog,
    read_official,
)
from pipeline.models.fetched import FileState, check_size, first_here, model_folder, verify
from pipeline.models.hash import model_sha256
from pipeline.text import printable

_log = logging.getLogger(__name__)

FETCH_COMMAND = f"{command('visualminer-models')} fetch"
ADD_COMMAND = f"{command('visualminer-models')} add"

_CONTAINER_DARKFLOW_FOLDER = "/root/darkflow/"
"""The folder of Darkflow in the 2017 program's container; its pipeline files name it."""


class DarknetPaths(NamedTuple):
    """The files of one Darknet network; `names` is None if none lie beside the .cfg."""

    cfg: Path
    weights: Path
    names: Path | None


def added_folder() -> Path:
    """The folder of the models that the user added, `NAME/` each, see `added`; it may not exist.

    It is not in the cache, which may be emptied at any time, unless the user chose the cache folder.
    """
    if os.environ.get(CACHE_VARIABLE):
        return cache_folder() / "added"
    return platformdirs.user_data_path("deepvisualminer") / "models"


def added_files(name: str) -> dict[str, Path]:
    """The files of a model that the user added, by suffix; empty if there is no such model."""
    folder = added_folder() / name
    if not name or os.path.basename(name) != name or not folder.is_dir():
        return {}
    files = {path.suffix: path for path in sorted(folder.glob(f"{glob.escape(name)}.*"))}
    return files if {".cfg", ".weights"} <= files.keys() else {}


def read_beginning(path: Path, most_bytes: int) -> bytes:
    """Read the first bytes of a model's file.

    Args:
        path: of the file.
        most_bytes: to read; with one more than is allowed, the caller sees that a file is too large.
    Raises: ModelError: it cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            return stream.read(most_bytes)
    except OSError as error:
        raise ModelError(f"{printable(path)}: cannot be read ({error.strerror})") from None


def resolve_darknet(model: str, weights: str | None) -> DarknetPaths:
    """Find the files of a Darknet network.

    Args:
        model: the name of a model of the catalogue or of one that the user added, or the path of a .cfg.
        weights: the path of its weights; None for a name, and if a .weights file of the same stem is beside
            the .cfg.
    Returns: files that exist; `names` is `<stem>.names` beside the .cfg, or None.
    Raises: ModelError: unknown name, missing or unreadable file; says what to do.
    """
    if os.path.isdir(model) and _is_known(os.path.basename(model)):
        model = os.path.basename(model)  # a folder in the current folder may have the name of a model
    if _is_known(model) or _is_name(model):
        return _resolve_named_darknet(model, weights)
    cfg = check_file(model, _cfg_remedy(model))
    if cfg.suffix == ".weights":
        raise ModelError(f'{printable(model)}: is a weights file; give its .cfg as "model", it as "weights"')
    if weights is None:
        beside = cfg.with_suffix(".weights")
        if not beside.is_file():
            raise ModelError(
                f'{printable(model)}: no "weights" is given and no {printable(beside.name)} lies beside it; '
                'add "weights" with the path of the file that belongs to it'
            )
        weights = str(beside)
    names = cfg.with_suffix(".names")
    return DarknetPaths(
        cfg=cfg,
        weights=check_file(weights, f"give the path of the file that belongs to {printable(cfg.name)}"),
        names=names if names.is_file() else None,
    )


def resolve_default(model: str) -> str:
    """Replace `default` by the name of the network that was chosen, else of the first of its networks here.

    Nothing is fetched: the network depends on this machine, not on which servers can be reached. A damaged
    network is an error, because with another one everything would be mined again.

    Raises: ModelError: none of them is here, or that network is damaged; the message says what to type.
    """
    if model != DEFAULT:
        return model
    name = first_here(DEFAULT)
    if name is None:
        names = " nor ".join(STANDS_FOR[DEFAULT])
        raise ModelError(f'model "{DEFAULT}": neither {names} is here; type: {FETCH_COMMAND} {DEFAULT}')
    _fetched_files(find_model(name))
    _log.log(NOTICE, 'model "%s" is %s', DEFAULT, name)
    return name


def is_onnx(model: str) -> bool:
    """Whether a `model:` is an ONNX network: a name of the catalogue, or a path."""
    named = read_catalog().get(model)
    return model.endswith(".onnx") if named is None else named.kind == "onnx"


def is_of_catalog(path: Path) -> bool:
    """Whether a file is that of a fetched network of the catalogue."""
    return path.parent.name in read_catalog() and path.parent == model_folder(path.parent.name)


def resolve_onnx(model: str) -> Path:
    """Find the file of an ONNX network, given by a name of the catalogue or a path.

    Raises: ModelError: unknown name, missing or unreadable file; says what to do.
    """
    if model in read_catalog():
        return _single_file(find_model(model, "onnx"))
    stem = os.path.splitext(os.path.basename(model))[0].replace("_", "-")
    known = f', or write "model: {stem}" for the one in the catalogue' if stem in read_catalog() else ""
    return check_file(model, f"give the path of an .onnx file{known}")


def resolve_yunet(model: str) -> Path:
    """Find the file of a YuNet face detector, given by a name of the catalogue or a path.

    Raises: ModelError: unknown name, missing or unreadable file; says what to do.
    """
    if model == YUNET:
        model = first_here(YUNET) or model
    if model in read_catalog() or _is_name(model):
        return _single_file(find_model(model, "yunet"))
    return check_file(model, 'give the path of a YuNet .onnx file, or write "model: yunet"')


def resolve_face_network(name: str) -> tuple[Path, ...]:
    """Find the files of a network of the catalogue that describes faces, in the order of their names.

    Raises: ModelError: unknown name, or a file is missing or damaged; says what to type.
    """
    model = find_model(name, "faces")
    return tuple(_fetched_file(model, file) for file in sorted(model.files))


def _resolve_named_darknet(name: str, weights: str | None) -> DarknetPaths:
    paths = added_files(name)
    if not paths and name not in read_catalog() and name in read_official():
        raise ModelError(f'model "{name}" is not here; {official_remedy(name)}')
    model = None if paths else find_model(name, "darknet")
    if weights is not None:
        raise ModelError(
            f'{printable(weights)}: the model "{name}" has weights of its own; leave "weights" out'
        )
    if model is not None:
        paths = _fetched_files(model)
    return DarknetPaths(paths[".cfg"], paths[".weights"], paths.get(".names"))


def _single_file(model: NamedModel) -> Path:
    (path,) = _fetched_files(model).values()
    return path


def _fetched_files(model: NamedModel) -> dict[str, Path]:
    """The files of a model of the catalogue, by suffix.

    Raises: ModelError: one is missing or damaged; says what to type.
    """
    paths = (_fetched_file(model, name) for name in model.files)
    return {path.suffix: path for path in paths}


def _fetched_file(model: NamedModel, name: str) -> Path:
    """One file of a model of the catalogue.

    Raises: ModelError: it is missing or damaged; says what to type.
    """
    path = model_folder(model.name) / name
    state = check_size(path, model.files[name])
    if state is FileState.OK:
        state = verify(check_file(str(path), ""), model.files[name], model_sha256)
    if state is not FileState.OK:
        wrong = {FileState.MISSING: "is not here", FileState.DAMAGED: "is damaged"}[state]
        raise ModelError(
            f'model "{model.name}": {printable(path)} {wrong}; type: {FETCH_COMMAND} {model.name}'
        )
    return path


def official_remedy(name: str) -> str:
    """How to get a model that cannot be fetched."""
    official = read_official()[name]
    if official.checkpoint is None:
        return (
            f"get {name}.cfg and {name}.weights from {official.source}, "
            f"then type: {ADD_COMMAND} {name} {name}.cfg {name}.weights"
        )
    hashed = f" (SHA-256 {official.sha256})" if official.sha256 else ""
    labels = ', and "labels: detectors/labels/coco.names"' if official.needs_labels else ""
    return (
        f"export {official.checkpoint}{hashed} with {official.source}: {official.export}; "
        f'then write the path of the .onnx as "model"{labels}'
    )


def _is_known(name: str) -> bool:
    return name in read_catalog() or bool(added_files(name))


def _is_name(model: str) -> bool:
    """Whether a `model:` looks like a name, known or not, and not like a path."""
    return (
        bool(model) and os.sep not in model and not os.path.splitext(model)[1] and not os.path.exists(model)
    )


def check_file(path: str, remedy: str) -> Path:
    """Check that a path is a file that this process may read.

    Args:
        path: as given.
        remedy: the end of the error sentence.
    Raises: ModelError: it is not.
    """
    shown = printable(path)
    if os.path.isdir(path):
        raise ModelError(f"{shown}: is a folder, not a file; {remedy}")
    if not os.path.exists(path):
        raise ModelError(f"{shown}: there is no such file; {remedy}")
    if not os.path.isfile(path):
        raise ModelError(f"{shown}: is not a regular file; {remedy}")
    if not os.access(path, os.R_OK):
        raise ModelError(f"{shown}: you have no permission to read it; change its permissions")
    return Path(path)


def _cfg_remedy(model: str) -> str:
    """How to replace a missing .cfg."""
    stem = os.path.splitext(os.path.basename(model))[0]
    networks = [entry.name for entry in read_catalog().values() if entry.kind == "darknet"]
    if stem not in networks and stem in read_official():
        return official_remedy(stem)
    if stem in networks:
        return f'write "model: {stem}" without "weights" for the one in the catalogue'
    instead = f'write "model: {networks[0]}" without "weights" and type: {FETCH_COMMAND} {networks[0]}'
    if model.startswith(_CONTAINER_DARKFLOW_FOLDER):
        return (
            "it was part of the 2017 program's container: copy the .cfg and .weights out of that and give "
            f"their paths, or, for another network, {instead}"
        )
    return f"give the path of a Darknet .cfg, or {instead}"
