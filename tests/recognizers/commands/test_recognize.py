from __future__ import annotations


def test_one_picture(facerec, model_directory, face, tmp_path):
    face(2, 60).save(tmp_path / "who.png")
    model = model_directory(methods={"eigen": {"unknown_distance": 1.0}, "fischer": {}, "lbp": {}})
    said = facerec("recognize", tmp_path / "who.png", "person-2", model, 1, 1, 1)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0].startswith("Eigenfaces: person-2 at distance ")
    assert lines[0].endswith(", unknown beyond 1.000")
    assert lines[3:] == [
        "nearest: person-2, which is right; expected person-2",
        "a pipeline would say: person-2",
    ]
    alone = facerec("recognize", tmp_path / "who.png", "eve", model, 1, 0, 0, 1).out.splitlines()
    assert alone[-2] == "a pipeline would say: unknown"
    assert alone[-1] == "note: the model knows no person called eve"


def test_what_is_not_there(facerec, model_directory, tmp_path):
    said = facerec("recognize", tmp_path / "none.png", "ann", model_directory(), 1, 1, 1)
    assert (said.code, said.err) == (2, f"{tmp_path / 'none.png'}: there is no such file\n")
    assert facerec("recognize", tmp_path / "none.png", "ann", tmp_path / "nothing").code == 3
