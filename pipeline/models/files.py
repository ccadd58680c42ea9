"""Model name or path -> the local files it stands for.

Resolving looks at the file system and no further. A file of the catalogue is held against its SHA-256 each
time, and that of one that has not changed is remembered: it is cheap enough for every start of the program.
`python -m pipeline.models verify` reads them all.
"""

from __future__ import annotations

import glob
import importlib.util
import logging
import os
from collections.abc import Iterator
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
from pipeline.text import printable, suggestions

_log = logging.getLogger(__name__)

FETCH_COMMAND = f"{command('visualminer-models')} fetch"
ADD_COMMAND = f"{command('visualminer-models')} add"

DEBIAN_CASCADE_FOLDERS = tuple(
    Path("/usr/share", opencv, kind)
    for opencv in ("opencv4", "opencv")
    for kind in ("haarcascades", "lbpcascades")
)
"""Where Debian's package opencv-data puts cascades; the LBP cascades are nowhere else."""

_CONTAINER_CASCADE_FOLDERS = ("/root/data/haarcascades", "/root/data/lbpcascades")
_CONTAINER_DARKFLOW_FOLDER = "/root/darkflow/"
"""The 2017 program's container kept its model files in these; its pipeline files name them."""


class DarknetPaths(NamedTuple):
    """The files of one Darknet network; `names` is None if none lie beside the .cfg."""

    cfg: Path
    weights: Path
    names: Path | None


def added_folder() -> Path:
    """Where the person's own models live, `NAME/`, see `addedmodels`; may not exist yet.

    Not in the cache, which anybody may empty, unless the person chose the cache folder.
    """
    if os.environ.get(CACHE_VARIABLE):
        return cache_folder() / "added"
    return platformdirs.user_data_path("deepvisualminer") / "models"


def added_files(name: str) -> dict[str, Path]:
    """The files of a model that the person added, by suffix; empty where there is none of that name."""
    folder = added_folder() / name
    if not name or os.path.basename(name) != name or not folder.is_dir():
        return {}
    files = {path.suffix: path for path in sorted(folder.glob(f"{glob.escape(name)}.*"))}
    return files if {".cfg", ".weights"} <= files.keys() else {}


def read_beginning(path: Path, most_bytes: int) -> bytes:
    """The first bytes of a model's file, however large it is.

    Args:
        path: of the file.
        most_bytes: one more than the file may have tells the caller that it has too many.
    Raises: ModelError: it cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            return stream.read(most_bytes)
    except OSError as error:
        raise ModelError(f"{printable(path)}: cannot be read ({error.strerror})") from None


def resolve_darknet(model: str, weights: str | None) -> DarknetPaths:
    """The files of a Darknet network.

    Args:
        model: a name of the catalogue or of a model that the person added, or the path of a .cfg.
        weights: the path of its weights; None for a name of the catalogue, and where a .weights file
            of the same stem lies beside the .cfg.
    Returns: files that exist; `names` is `<stem>.names` beside the .cfg, or None.
    Raises: ModelError: unknown name, missing or unreadable file; says what to do.
    """
    if os.path.isdir(model) and _is_known(os.path.basename(model)):
        model = os.path.basename(model)  # a folder that only happens to stand beside the pipeline file
    if _is_known(model) or _is_name(model):
        return _resolve_named_darknet(model, weights)
    cfg = _check_file(model, _cfg_remedy(model))
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
        weights=_check_file(weights, f"give the path of the file that belongs to {printable(cfg.name)}"),
        names=names if names.is_file() else None,
    )


def resolve_default(model: str) -> str:
    """A `model:` of a deepdetector; `default` becomes the name of the first network of those that is here.

    Nothing is fetched: which network a run takes depends on this machine, never on what can be reached
    just now. One that is not whole is an error rather than a reason to take another, with which everything
    would be mined anew.

    Raises: ModelError: none of them is here, or the first one is damaged; says what to type.
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
    """Whether somebody who wrote this means an ONNX network: a name of the catalogue, or a path."""
    named = read_catalog().get(model)
    return model.endswith(".onnx") if named is None else named.kind == "onnx"


def resolve_onnx(model: str) -> Path:
    """The file of an ONNX network: a name of the catalogue, or a path.

    Raises: ModelError: unknown name, missing or unreadable file; says what to do.
    """
    if model in read_catalog():
        return _single_file(find_model(model, "onnx"))
    stem = os.path.splitext(os.path.basename(model))[0].replace("_", "-")
    known = f', or write "model: {stem}" for the one in the catalogue' if stem in read_catalog() else ""
    return _check_file(model, f"give the path of an .onnx file{known}")


def resolve_yunet(model: str) -> Path:
    """The file of a YuNet face detector: a name of the catalogue, or a path.

    Raises: ModelError: unknown name, missing or unreadable file; says what to do.
    """
    if model == YUNET:
        model = first_here(YUNET) or model
    if model in read_catalog() or _is_name(model):
        return _single_file(find_model(model, "yunet"))
    return _check_file(model, 'give the path of a YuNet .onnx file, or write "model: yunet"')


def resolve_face_network(name: str) -> tuple[Path, ...]:
    """The files of a network of the catalogue that tells faces apart, in the order of their names.

    Raises: ModelError: unknown name, or a file is missing or damaged; says what to type.
    """
    model = find_model(name, "faces")
    return tuple(_fetched_file(model, file) for file in sorted(model.files))


def resolve_cascade(model: str) -> Path:
    """The file of a cascade.

    Args:
        model: a path, or a bare file name that is looked up in OpenCV's own data folder and in those of
            Debian's package opencv-data; so is the file name of a path of the 2017 program's container
            that does not exist.
    Returns: a file that exists.
    Raises: ModelError: not found; says what to do.
    """
    folder, name = os.path.split(model)
    if os.path.isfile(model) or (folder and folder not in _CONTAINER_CASCADE_FOLDERS) or not name:
        return _check_file(
            model, "give the path of a cascade's .xml file, or the name of one of OpenCV's own"
        )
    for place in iter_cascade_folders():
        if (place / name).is_file():
            return _check_file(str(place / name), "")
    raise ModelError(f"{printable(model)}: {_missing_cascade(name)}")


def iter_cascade_folders() -> Iterator[Path]:
    """The folders in which a cascade's bare file name is looked up, in that order; some may not exist."""
    spec = importlib.util.find_spec("cv2")  # finds the package without importing it
    if spec is not None and spec.origin:
        yield Path(spec.origin).parent / "data"
    yield from DEBIAN_CASCADE_FOLDERS


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
        state = verify(_check_file(str(path), ""), model.files[name], model_sha256)
    if state is not FileState.OK:
        wrong = {FileState.MISSING: "is not here", FileState.DAMAGED: "is damaged"}[state]
        raise ModelError(
            f'model "{model.name}": {printable(path)} {wrong}; type: {FETCH_COMMAND} {model.name}'
        )
    return path


def official_remedy(name: str) -> str:
    """What to do to have a model whose official files cannot be fetched from here."""
    return (
        f"get {name}.cfg and {name}.weights from {read_official()[name].source}, "
        f"then type: {ADD_COMMAND} {name} {name}.cfg {name}.weights"
    )


def _is_known(name: str) -> bool:
    return name in read_catalog() or bool(added_files(name))


def _is_name(model: str) -> bool:
    """Whether somebody who wrote this meant a name of the catalogue, known or not."""
    return (
        bool(model) and os.sep not in model and not os.path.splitext(model)[1] and not os.path.exists(model)
    )


def _check_file(path: str, remedy: str) -> Path:
    """The path, if it is a file that this process may read.

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
    """What to do about a .cfg that is not there."""
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


def _missing_cascade(name: str) -> str:
    """What is wrong, and what to do, where a cascade's file name is in none of the look-up folders."""
    found = sorted({path.name for place in iter_cascade_folders() for path in place.glob("*.xml")})
    wrong = "is neither with OpenCV nor in Debian's opencv-data folders"
    if name.startswith("lbpcascade_"):
        twin = name.replace("lbp", "haar", 1)
        instead = f', or use "{twin}", which is here' if twin in found else ""
        return f"{wrong}; type: apt-get install opencv-data{instead}"
    if not found:
        return f"{wrong}, where there are no cascades at all; type: apt-get install opencv-data"
    return f"{wrong}; {suggestions(name, found) or 'known: ' + ', '.join(found)}".rstrip()
