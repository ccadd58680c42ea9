from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from recognizers import modelswap
from recognizers.facemodel import PENDING_FOLDER, Method, available, read_facemodel
from recognizers.gallery import Gallery
from recognizers.strategies import STRATEGIES


class PowerCut(BaseException):
    """Nothing of the program's own runs after it."""


def is_whole(directory: str) -> str:
    """Which model a reader sees, after reading all of it: the record and the galleries' digests agree."""
    model = read_facemodel(directory)
    for strategy in model.methods:
        Gallery.read(directory, model, strategy)
    return model.trained


def test_a_cut_at_any_rename_leaves_one_model_whole(model_directory, monkeypatch):
    directory = model_directory(trained="old")
    old_files = {path.name: path.read_bytes() for path in Path(directory).iterdir()}
    seen = []
    for cut_at in range(12):
        for path in [p for p in Path(directory).rglob("*") if p.is_file()]:
            path.unlink()
        for name, content in old_files.items():
            Path(directory, name).write_bytes(content)
        steps = iter(range(100))

        def stop(steps=steps, cut_at=cut_at):
            if next(steps) == cut_at:
                raise PowerCut

        with monkeypatch.context() as patch:
            for module, name in (
                *((os, name) for name in ("rename", "replace")),
                (modelswap, "sync_folder"),
                (modelswap, "_write_durably"),
            ):
                original = getattr(module, name)
                patch.setattr(module, name, lambda *a, original=original: (stop(), original(*a))[1])
            patch.setattr(modelswap.shutil, "rmtree", lambda *a, **k: None)
            with contextlib.suppress(PowerCut):
                model_directory(trained="new")
        seen.append(is_whole(directory))
        model_directory(trained="newest")
        assert is_whole(directory) == "newest"
        assert sorted(os.listdir(directory)) == sorted(old_files)
    assert seen == sorted(seen, reverse=True)
    assert set(seen) == {"old", "new"}


def test_a_strategy_that_the_new_model_lacks_is_gone(model_directory):
    directory = model_directory()
    Path(directory, "notes.txt").write_text("mine")
    model = read_facemodel(directory)
    lbp = Gallery.read(directory, model, "lbp")
    written = modelswap.replace_model(
        directory, model.model_copy(update={"methods": {"lbp": Method(unknown_distance=5.0)}}), [lbp]
    )
    assert sorted(os.listdir(directory)) == ["lbp.yml", "model.json", "notes.txt"]
    assert read_facemodel(directory) == written
    assert available(directory, written) == ("lbp",)
    assert written.unknown_distance("lbp") == 5.0


def test_a_directory_that_cannot_be_written(model_directory, tmp_path):
    (tmp_path / "model").write_text("a file")
    with pytest.raises(OutputError, match="a file stands where a folder is needed"):
        model_directory()
    assert STRATEGIES
    assert not (tmp_path / PENDING_FOLDER).exists()
