"""A name in composed and in decomposed characters, as on Linux and on a Mac, is one person everywhere."""

from __future__ import annotations

import json
import shutil
import unicodedata

import pytest

from pipeline.detections import Box, Detection, FrameResult, Label
from pipeline.errors import UsageError
from recognizers.faces.dataset import Example, list_face_folder, read_examples, write_examples
from recognizers.model.facemodel import FaceModel
from recognizers.model.voting import elect
from recognizers.teaching.evaluation import Answer, Evaluation
from reporters.videosummary import VideoSummary

NFC = unicodedata.normalize("NFC", "Zoë")
NFD = unicodedata.normalize("NFD", "Zoë")


@pytest.fixture
def family(face_folder):
    """Faces of Ann and Zoë; half of Zoë's lie in a folder that a Mac made."""
    top = face_folder(2, 8)
    (top / "person-0").rename(top / "Ann")
    (top / "person-1").rename(top / NFC)
    (top / NFD).mkdir()
    for number in range(4):
        shutil.move(top / NFC / f"{number}.png", top / NFD)
    return top


def test_two_folders_are_one_label(family):
    sources = list_face_folder(str(family)).sources
    assert [unicodedata.normalize("NFC", label) for label in sources] == ["Ann", NFC]
    assert [len(pictures) for pictures in sources.values()] == [8, 8]


def test_a_list_has_one_number_for_them(tmp_path):
    path = str(tmp_path / "list.csv")
    written = [Example("/1.png", NFD, 4), Example("/2.png", "Ann", 5), Example("/3.png", NFC, 6)]
    write_examples(path, written)
    assert read_examples(path) == [written[0], written[1], Example("/3.png", NFD, 4)]
    write_examples(path, [Example("/1.png", NFD, 4), Example("/2.png", NFC, 4)])
    assert [(one.label, one.number) for one in read_examples(path)] == [(NFD, 4)] * 2
    write_examples(path, [Example("/1.png", NFD, 4), Example("/2.png", "Zoe", 4)])
    with pytest.raises(UsageError, match="number 4 stands for"):
        read_examples(path)


def test_taught_tested_and_added_to(facerec, family, face, tmp_path, network_file):
    listing, model, tests = tmp_path / "l.csv", tmp_path / "m", tmp_path / "t.csv"
    assert facerec("csv", family, listing).code == 0
    assert facerec("train", listing, 50, tests, model, "--embedding", network_file).code == 0
    labels = json.loads((model / "model.json").read_text())["labels"]
    assert len(labels) == 2
    (spelled,) = set(labels.values()) - {"Ann"}
    other = ({NFC, NFD} - {spelled}).pop()
    tests.write_text(tests.read_text().replace(f",{spelled},", f",{other},"))
    said = facerec("test", tests, model)
    assert "Embedding accuracy:  1.0\n" in said.out
    assert "How often strangers get a name is not measured" in said.out
    picture = family / NFC / "7.png"
    assert "which is right" in facerec("recognize", picture, other, model).out
    later = tmp_path / "later" / other
    later.mkdir(parents=True)
    for number in range(20, 24):
        face(1, number).save(later / f"{number}.png")
    assert facerec("csv", tmp_path / "later", listing).code == 0
    assert "adding 2 pictures of 1 label" in facerec("train", listing, 50, tests, model, "--add").out
    record = json.loads((model / "model.json").read_text())
    assert record["labels"] == labels
    assert record["images_per_label"] == {"Ann": 4, spelled: 6}


def test_an_old_model_with_both_spellings_gives_one_name():
    model = FaceModel(width=8, height=8, labels={0: NFD, 1: "Ann", 2: NFC})
    assert model.labels == {0: NFD, 1: "Ann", 2: NFD}


def test_votes_for_both_spellings_are_votes_for_one():
    votes = [Label(NFD, method="eigen"), Label("Ann", method="fischer"), Label(NFC, method="lbp")]
    assert elect(votes) == (votes[0],)


def test_an_answer_in_the_other_spelling_is_right():
    answer = Answer(Example("/1.png", NFC, 0), {"lbp": Label(NFD, method="lbp", distance=1.0)}, {})
    evaluation = Evaluation([answer], ("lbp",), [NFD])
    assert evaluation.accuracy("lbp") == 1
    assert evaluation.by_person("lbp") == {NFD: (1, 1)}


def test_the_summary_of_a_video_counts_them_together():
    summary = VideoSummary()
    for frame, text in enumerate((NFD, NFC, "Ann")):
        summary.add(FrameResult(frame, frame / 2, {"names": (Detection(Box(0, 0, 9, 9), (Label(text),)),)}))
    assert {text: seen.frames for text, seen in summary.sightings.items()} == {NFD: 2, "Ann": 1}
