from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelError
from recognizers.model.descriptors import DescriptorGallery
from recognizers.model.facemodel import FaceModel, Method
from recognizers.model.swap import replace_model


@pytest.fixture
def written(tmp_path):
    """A model directory with three descriptors of two people, and its record."""

    def write(gallery: DescriptorGallery | None = None) -> tuple[str, FaceModel]:
        gallery = gallery or DescriptorGallery([0, 1, 1], np.eye(3, 4, dtype=np.float32))
        model = FaceModel(width=9, height=9, labels={0: "ann", 1: "bob"}, methods={"embedding": Method()})
        return str(tmp_path / "m"), replace_model(str(tmp_path / "m"), model, [gallery])

    return write


def test_it_reads_what_it_wrote(written):
    directory, model = written()
    gallery = DescriptorGallery.read(directory, model)
    assert gallery.numbers.tolist() == [0, 1, 1]
    assert (gallery.descriptors == np.eye(3, 4)).all()
    number, distance = gallery.nearest(np.array([0.1, 0, 1, 0], np.float32))
    assert number == 1
    assert distance == pytest.approx(0.1)
    assert written()[1] == model


def test_faces_are_joined_and_the_old_ones_stay():
    old = DescriptorGallery([0, 1], np.eye(2, dtype=np.float32))
    new = old.joined(DescriptorGallery([7], np.full((1, 2), 5, np.float32)))
    assert new.numbers.tolist() == [0, 1, 7]
    assert (new.descriptors[:2] == old.descriptors).all()
    assert new.nearest(np.array([5, 5], np.float32)) == (7, 0.0)


def test_another_file_than_the_records_is_refused(written):
    directory, model = written()
    path = Path(directory, "embedding.npy")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match=r"embedding\.npy: not the file that model\.json was written with"):
        DescriptorGallery.read(directory, model)
    path.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        DescriptorGallery.read(directory, model)


def plain(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%YAML",
        plain(np.eye(3)),
        plain(np.zeros(2, dtype=[("number", "<i4")])),
        plain(np.zeros(0, dtype=[("number", "<i4"), ("descriptor", "<f4", (4,))])),
        plain(np.zeros(2, dtype=[("number", "<i4"), ("descriptor", "<f4")])),
        plain(np.array([(9, [0.0, 1.0])], dtype=[("number", "<i4"), ("descriptor", "<f4", (2,))])),
        plain(np.array([(1, [np.nan, 1.0])], dtype=[("number", "<i4"), ("descriptor", "<f4", (2,))])),
        plain(np.zeros(9, dtype=[("number", "<i4"), ("descriptor", "<f4", (4,))]))[:-8],
    ],
)
def test_what_is_no_gallery_is_one_line(written, content):
    directory, model = written()
    Path(directory, "embedding.npy").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    honest = model.model_copy(update={"methods": {"embedding": Method(sha256=digest)}})
    with pytest.raises(ModelError) as raised:
        DescriptorGallery.read(directory, honest)
    assert "embedding.npy" in str(raised.value)
    assert "\n" not in str(raised.value)
