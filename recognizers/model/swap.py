"""Atomic replacement of a model: a crash at any moment leaves the old model or the new one, complete.

The directory itself cannot be swapped, since it may be a mount point, and several files cannot be renamed at
once. So the new files are written into a folder beside the old ones. Renaming that folder to `PENDING_FOLDER`
replaces the model, as readers look there first. Moving its files into place afterwards is only cleanup, which
the next training does if this one is killed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import sync_folder
from pipeline.files.parts import PART_PREFIX, PART_SUFFIX
from recognizers.model.facemodel import MODEL_FILE, PENDING_FOLDER, FaceModel, Method, read_facemodel
from recognizers.model.strategies import STRATEGIES, model_file_name


class TrainedGallery(Protocol):
    """The known faces of a strategy, in whatever form."""

    strategy: str

    def to_bytes(self) -> bytes:
        """Return the content of the gallery's file."""


def replace_model(directory: str, model: FaceModel, galleries: Sequence[TrainedGallery]) -> FaceModel:
    """Write a model into a directory, in place of the model that it holds.

    Args:
        directory: the model directory, created if missing; other files in it are left alone.
        model: the record; `methods` lists the strategies of `galleries`.
        galleries: the trained strategies.
    Returns: the record as written, with the SHA-256 of each gallery's file.
    Raises: OutputError: the directory cannot be written, or the disk is full; the old model stays.
    """
    folder = Path(directory)
    part = folder / f"{PART_PREFIX}{secrets.token_hex(8)}{PART_SUFFIX}"
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _finish_pending(folder)
        for leftover in folder.glob(f"{PART_PREFIX}*{PART_SUFFIX}"):
            shutil.rmtree(leftover, ignore_errors=True)
        part.mkdir()
    try:
        with output_errors(folder):
            written = _write_files(part, model, galleries)
            sync_folder(part)
            os.rename(part, folder / PENDING_FOLDER)
            sync_folder(folder)
            _finish_pending(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return written


def _write_files(part: Path, model: FaceModel, galleries: Sequence[TrainedGallery]) -> FaceModel:
    methods = dict(model.methods or {})
    for gallery in galleries:
        content = gallery.to_bytes()
        _write_durably(part / model_file_name(gallery.strategy), content)
        known = methods.get(gallery.strategy, Method())
        digest = hashlib.sha256(content).hexdigest()
        methods[gallery.strategy] = known.model_copy(update={"sha256": digest})
    complete = model.model_copy(update={"methods": methods})
    _write_durably(part / MODEL_FILE, complete.model_dump_json(indent=2).encode() + b"\n")
    return complete


def _write_durably(path: Path, content: bytes) -> None:
    with open(path, "xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _finish_pending(folder: Path) -> None:
    """Move a complete pending model into place, its record last, and delete galleries that it lacks."""
    pending = folder / PENDING_FOLDER
    if not pending.is_dir():
        return
    if (pending / MODEL_FILE).exists():
        methods = read_facemodel(os.fspath(folder)).methods or {}
        for strategy in STRATEGIES:
            name = model_file_name(strategy)
            if (pending / name).exists():
                os.replace(pending / name, folder / name)
            elif strategy not in methods:
                with contextlib.suppress(FileNotFoundError):
                    (folder / name).unlink()
        os.replace(pending / MODEL_FILE, folder / MODEL_FILE)
    pending.rmdir()
    sync_folder(folder)
