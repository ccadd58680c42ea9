from __future__ import annotations


def tree(top):
    return sorted(str(path.relative_to(top)) for path in top.rglob("*.png"))


def test_a_folder_is_dealt_out(facerec, face_folder, tmp_path):
    top = face_folder(3, 5)
    (top / "solo").mkdir()
    (top / "solo" / "1.png").write_bytes((top / "person-0" / "0.png").read_bytes())
    said = facerec("split", top, tmp_path / "train", tmp_path / "test", 80)
    assert said.code == 0, said.err
    assert 'label "solo" has one picture only, which is in TRAIN' in said.out
    training, testing = tree(tmp_path / "train"), tree(tmp_path / "test")
    assert (len(training), len(testing)) == (13, 3)
    assert sorted(training + testing) == tree(top)
    for name in testing:
        assert (tmp_path / "test" / name).read_bytes() == (top / name).read_bytes()


def test_where_it_will_not_write(facerec, face_folder, tmp_path):
    top = face_folder(2, 2)
    for train, test, says in (
        (tmp_path / "x", tmp_path / "x", "TRAIN and TEST are one folder"),
        (top, tmp_path / "y", "is not empty"),
    ):
        said = facerec("split", top, train, test, 50)
        assert said.code == 2
        assert says in said.err
    assert facerec("split", top, tmp_path / "a", tmp_path / "b", 0).code == 2
    assert len(tree(top)) == 4
