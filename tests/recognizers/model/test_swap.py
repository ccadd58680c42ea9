from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import OutputError
from recognizers.model import swap as modelswap
from recognizers.model.facemodel import FaceModel, Method, available, read_facemodel
from recognizers.model.gallery import Gallery
from recognizers.model.strategies import CLASSIC


class PowerCut(BaseException):
    """Nothing of the program's own runs after it."""


def is_whole(directory: str) -> str:
    """Which model a reader sees, after reading all of it: the record and the galleries' digests agree."""
    model = read_facemodel(directory)
    for strategy in model.methods:
        Gallery.read(directory, model, strategy)
    return model.trained


def test_a_cut_at_any_step_leaves_one_model_whole(tmp_path, face, monkeypatch):
    faces = [np.asarray(face(person, picture, 12)) for person in range(2) for picture in range(2)]
    galleries = {
        name: [Gallery.trained(strategy, faces[::step], [0, 0, 1, 1][::step]) for strategy in strategies]
        for name, strategies, step in (("old", CLASSIC, 1), ("new", ("eigen", "lbp"), 2))
    }

    def write(directory, name):
        record = FaceModel(width=12, height=12, labels={0: "a", 1: "b"}, format=1, trained=name)
        modelswap.replace_model(str(directory), record, galleries[name])

    class Cut:
        """Stands for a function of the operating system; the power fails before the nth call of any."""

        calls = 0

        def __init__(self, original, at):
            self.original, self.at = original, at

        def __call__(self, *arguments):
            Cut.calls += 1
            if Cut.calls > self.at:
                raise PowerCut
            return self.original(*arguments)

    seen = []
    while "finished" not in seen:
        directory = tmp_path / f"cut-{len(seen)}"
        write(directory, "old")
        with monkeypatch.context() as patch:
            Cut.calls = 0
            for name in ("rename", "replace", "fsync", "mkdir", "rmdir"):
                patch.setattr(os, name, Cut(getattr(os, name), len(seen)))
            patch.setattr(modelswap.shutil, "rmtree", lambda *_, **__: None)
            finished = True
            try:
                write(directory, "new")
            except PowerCut:
                finished = False
        seen.append("finished" if finished else is_whole(str(directory)))
        write(directory, "new")
        assert is_whole(str(directory)) == "new"
        assert sorted(os.listdir(directory)) == ["eigen.yml", "lbp.yml", "model.json"]
    assert seen == ["old"] * seen.count("old") + ["new"] * seen.count("new") + ["finished"]
    assert seen.count("old") > 4
    assert seen.count("new") > 3


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
    assert (tmp_path / "model").read_text() == "a file"
