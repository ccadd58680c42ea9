from __future__ import annotations

import numpy as np
from PIL import Image

from recognizers.commands.arguments import TYPED


def test_sizes_counts_suggestions_and_a_chart(facerec, face_folder, face, tmp_path):
    top = face_folder(2, 15)
    for picture in range(14):
        (top / "few").mkdir(exist_ok=True)
        face(7, picture).resize((200, 120)).save(top / "few" / f"{picture}.png")
    said = facerec("stats", top, "--plot", tmp_path / "sizes.png")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert f"Mean width= {(30 * 96 + 14 * 200) / 44}" in lines
    assert "Median width= 96.0" in lines
    assert f"Mean height= {(30 * 96 + 14 * 120) / 44}" in lines
    assert "   96.0 - 106.4      30  ########################################" in lines
    assert "  189.6 - 200.0      14  ###################" in lines
    assert "44 pictures of 3 labels" in lines
    assert "fewer than 15 pictures: few (14)" in lines
    assert lines[-2] == f"next: {TYPED} resize {top} RESIZED 112 112 1 0"
    chart = np.asarray(Image.open(tmp_path / "sizes.png"))
    assert chart.shape == (680, 900, 3)


def test_unreadable_files_are_named_and_the_exit_code_says_so(facerec, face_folder):
    top = face_folder(1, 2)
    path = top / "person-0" / "0.png"
    path.write_bytes(path.read_bytes()[:4000])
    (top / "stray.txt").write_text("notes")
    said = facerec("stats", top)
    assert said.code == 1
    assert f"cannot be read: {path}: the PNG file ends too early" in said.out
    assert f"skipped: {top / 'stray.txt'}: neither a photo nor a video" in said.out
    assert "1 picture of 1 label" in said.out


def test_nothing_that_can_be_read(facerec, face_folder, tmp_path):
    assert facerec("stats", tmp_path).code == 2
    top = face_folder(1, 1)
    (top / "person-0" / "0.png").write_bytes((top / "person-0" / "0.png").read_bytes()[:4000])
    said = facerec("stats", top)
    assert (said.code, said.out) == (2, "")
    assert "none of its pictures can be read" in said.err
    assert facerec("stats", top, "--plot", "sizes.doc").err.startswith("sizes.doc: charts are PNG files")
