from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from pipeline.detections import Region
from pipeline.errors import UsageError
from recognizers.faces.folderrecord import FaceFacts, read_facts
from recognizers.teaching.cropping import crop_photos, list_photos


def crop(top, out, boxes, **options):
    photos, _ = list_photos(str(top), str(out))
    settings = {"facts": FaceFacts(detector="mine"), "flat": False, "threads": 2, **options}
    return list(crop_photos(photos, str(out), lambda: lambda _: boxes, **settings))


@pytest.fixture
def photos(tmp_path, photo):
    top = tmp_path / "photos"
    for name in ("ann/a.jpg", "ann/a.png", "b.png"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        photo([5, 7], 0).save(top / name)
    return top


def tree(top):
    return sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())


def test_a_name_tells_the_photo_and_folders_are_mirrored(photos, tmp_path):
    found = crop(photos, tmp_path / "out", [Region(80, 80, 240, 240), Region(400, 80, 560, 240)])
    assert tree(tmp_path / "out") == [
        *(f"ann/a.jpg-face-{k}.png" for k in (1, 2)),
        *(f"ann/a.png-face-{k}.png" for k in (1, 2)),
        *(f"b.png-face-{k}.png" for k in (1, 2)),
    ]
    assert [[crop.photo for crop in one.crops] for one in found] == [[0, 0], [1, 1], [2, 2]]
    whole = np.asarray(Image.open(photos / "ann" / "a.png"))
    cut = np.asarray(Image.open(tmp_path / "out" / "ann" / "a.png-face-2.png"))
    assert (cut == whole[80:240, 400:560]).all()
    photo = str(photos / "ann" / "a.png")
    content = (photos / "ann" / "a.png").read_bytes()
    facts = FaceFacts(
        detector="mine",
        photo=photo,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        box=(400, 80, 560, 240),
    )
    assert read_facts(str(tmp_path / "out" / "ann" / "a.png-face-2.png")) == facts


def test_flat_names_do_not_meet(photos, tmp_path, photo):
    photo([5], 1).save(photos / "ann--a.png")
    crop(photos, tmp_path / "out", [Region(0, 0, 9, 9)], flat=True)
    assert len(tree(tmp_path / "out")) == 4
    assert "ann--a.png-face-1.png" in tree(tmp_path / "out")


def test_the_margin_is_cut_at_the_photo_s_edge(photos, tmp_path):
    crop(photos, tmp_path / "out", [Region(0, 100, 100, 200)], facts=FaceFacts(margin=0.5))
    assert Image.open(tmp_path / "out" / "b.png-face-1.png").size == (150, 200)


def test_a_damaged_photo_is_told_and_the_others_searched(photos, tmp_path):
    (photos / "b.png").write_bytes((photos / "b.png").read_bytes()[:5000])
    found = crop(photos, tmp_path / "out", [Region(0, 0, 50, 50)])
    assert [one.failure for one in found] == [f"{photos / 'b.png'}: the PNG file ends too early", None, None]
    assert len(tree(tmp_path / "out")) == 2


def test_no_face_no_file(photos, tmp_path):
    assert [one.crops for one in crop(photos, tmp_path / "out", [])] == [(), (), ()]
    assert not (tmp_path / "out").exists()


def test_where_to_look(photos, tmp_path):
    with pytest.raises(UsageError, match="no such file or folder"):
        list_photos(str(tmp_path / "none"), str(tmp_path / "out"))
    with pytest.raises(UsageError, match="is the folder of the photos"):
        list_photos(str(photos), str(photos))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no photos"):
        list_photos(str(tmp_path / "empty"), str(tmp_path / "out"))
    inner = photos / "faces"
    inner.mkdir()
    Image.new("L", (9, 9)).save(inner / "old.png")
    assert len(list_photos(str(photos), str(inner))[0]) == 3
    assert len(list_photos(str(photos / "b.png"), str(tmp_path))[0]) == 1
