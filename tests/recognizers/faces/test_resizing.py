from __future__ import annotations

import os
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import UsageError
from recognizers.faces.fit import Fit
from recognizers.faces.folderrecord import FaceFacts, FolderRecord, read_facts, read_record, write_record
from recognizers.faces.resizing import Resize, plan, remember, run

GRAY = Resize((40, 48), grayscale=True, equalize=False, fit=Fit.STRETCH)


def resized(top, out, resize=GRAY):
    tasks, unreadable = plan(str(top), str(out), resize)
    return [sentence for sentence in run(tasks, resize) if sentence], unreadable


def tree(top):
    return sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())


def test_the_folders_are_mirrored_and_the_pictures_left_alone(face_folder, face, tmp_path):
    top = face_folder(2, 2)
    (top / "person-0" / "2019").mkdir()
    face(0, 7).convert("RGB").save(top / "person-0" / "2019" / "a.jpg")
    face(0, 8).save(top / "loose.gif")
    before = {name: (top / name).read_bytes() for name in tree(top)}
    assert resized(top, tmp_path / "out") == ([], [])
    assert tree(tmp_path / "out") == [
        "loose.gif.png",
        *(f"person-{p}/{name}" for p in range(2) for name in (["0.png", "1.png", "2019/a.jpg"][: 3 - p])),
    ]
    for name in tree(tmp_path / "out"):
        image = Image.open(tmp_path / "out" / name)
        assert (image.size, image.mode) == ((40, 48), "L")
    assert {name: (top / name).read_bytes() for name in tree(top)} == before


def test_zero_means_no(face_folder, tmp_path):
    """The 2017 program took the word "0" for true: everything came out gray and equalized."""
    top = face_folder(1, 1)
    Image.merge("RGB", [Image.new("L", (50, 50), shade) for shade in (200, 100, 50)]).save(
        top / "person-0" / "color.png"
    )
    color = Resize((40, 48), grayscale=False, equalize=False, fit=Fit.STRETCH)
    assert resized(top, tmp_path / "color", color) == ([], [])
    pixels = np.asarray(Image.open(tmp_path / "color" / "person-0" / "color.png"))
    assert (pixels == (200, 100, 50)).all()
    assert resized(top, tmp_path / "plain") == ([], [])
    assert resized(top, tmp_path / "flat", Resize((40, 48), True, True, Fit.STRETCH)) == ([], [])
    plain, flat = (
        np.asarray(Image.open(tmp_path / kind / "person-0" / "0.png")) for kind in ("plain", "flat")
    )
    original = np.asarray(Image.open(top / "person-0" / "0.png"))
    assert abs(plain.mean() - original.mean()) < 1
    assert abs(flat.mean() - 128.4) < 3
    assert cv2.calcHist([plain], [0], None, [256], [0, 256]).argmax() != 0


def test_damaged_pictures_are_named_and_the_others_done(face_folder, tmp_path):
    top = face_folder(2, 2)
    path = top / "person-1" / "1.png"
    path.write_bytes(path.read_bytes()[:3000])
    (top / "person-1" / "text.jpg").write_text("no picture")
    failed, unreadable = resized(top, tmp_path / "out")
    assert failed == [f"{path}: the PNG file ends too early"]
    assert [sentence.split(":")[0] for sentence in unreadable] == [str(top / "person-1" / "text.jpg")]
    assert len(tree(tmp_path / "out")) == 3


def test_it_never_writes_over_its_input(face_folder, tmp_path):
    top = face_folder(1, 2)
    for out in (top, tmp_path / "link"):
        if not out.exists():
            out.symlink_to(top)
        with pytest.raises(UsageError, match="copies would replace their pictures"):
            plan(str(top), str(out), GRAY)
    inner = tmp_path / "out"
    inner.mkdir()
    (inner / "person-0").symlink_to(top / "person-0")
    with pytest.raises(UsageError, match="is one of the pictures themselves"):
        plan(str(top), str(inner), GRAY)
    outer = tmp_path / "outer"
    (outer / "faces").mkdir(parents=True)
    shutil.copy(top / "person-0" / "0.png", outer / "faces" / "0.png")
    os.link(outer / "faces" / "0.png", outer / "0.png")
    with pytest.raises(UsageError, match="is one of the pictures themselves"):
        plan(str(outer / "faces"), str(outer), GRAY)


def test_an_output_inside_the_input_is_not_resized_again(face_folder):
    top = face_folder(1, 2)
    for _ in range(2):
        assert resized(top, top / "small") == ([], [])
        assert len(tree(top / "small")) == 2


@pytest.mark.parametrize(
    ("size_wh", "grayscale", "equalize", "says"),
    [
        ((0, 9), True, False, "0x9 is no size"),
        ((9, 10_001), True, False, "no size"),
        ((9, 9), False, True, "only gray"),
    ],
)
def test_what_cannot_be_asked(size_wh, grayscale, equalize, says):
    with pytest.raises(UsageError, match=says):
        Resize(size_wh, grayscale, equalize, Fit.STRETCH)


def test_nothing_to_resize(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        plan(str(tmp_path / "none"), str(tmp_path / "out"), GRAY)
    with pytest.raises(UsageError, match="holds no pictures"):
        plan(str(tmp_path), str(tmp_path / "out"), GRAY)


def test_what_was_done_is_remembered_on_top_of_what_had_been(face_folder, tmp_path):
    top = face_folder(1, 1)
    write_record(str(top), FolderRecord(margin=0.1))
    remember(str(top), str(tmp_path / "out"), [], Resize((40, 48), True, True, Fit.CROP))
    assert read_record(str(tmp_path / "out")) == FolderRecord(
        width=40, height=48, grayscale=True, equalized=True, fit=Fit.CROP, margin=0.1
    )


def test_facts_of_a_face_go_along(tmp_path, face):
    (tmp_path / "in" / "ann").mkdir(parents=True)
    facts = FaceFacts(aligned=True, margin=0.1, detector="yunet", photo="/a.jpg", box=(1, 2, 3, 4))
    path = tmp_path / "in" / "ann" / "1.png"
    face(0, 0).save(path)
    path.write_bytes(facts.written_into(path.read_bytes()))
    resize = Resize((40, 48), grayscale=True, equalize=True, fit=Fit.CROP)
    tasks, _ = plan(str(tmp_path / "in"), str(tmp_path / "out"), resize)
    assert list(run(tasks, resize)) == [None]
    after = {"width": 40, "height": 48, "grayscale": True, "equalized": True, "fit": Fit.CROP}
    assert read_facts(str(tmp_path / "out" / "ann" / "1.png")) == facts.model_copy(update=after)
    remember(str(tmp_path / "in"), str(tmp_path / "out"), tasks, resize)
    assert read_record(str(tmp_path / "out")) == FolderRecord(margin=0.1, aligned=True, **after)
