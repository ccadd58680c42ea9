"""How many pictures the page says that the model has yet to be taught."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from recognizers.corrections.store import CorrectionStore, FacePicture
from recognizers.faces.folderrecord import read_facts
from tests.running import PATIENCE_S, ROOT
from tests.search.web.people.conftest import PHOTOS, Desk, Family


def named_again(family: Family, picture: Path) -> None:
    """Name the face of a picture as `facerec_train.py correct` does, which keeps a picture of its own."""
    facts = read_facts(str(picture))
    assert facts is not None
    assert facts.key is not None
    own = picture.read_bytes() + b"\0"  # the same face in a file of other bytes
    store = CorrectionStore(family.log.parent)
    store.name([FacePicture(facts.key, facts.size_bytes or 0, facts.photo or "", own)], "Ann")


def train(family: Family) -> None:
    """Train as on the command line, from the folder of faces."""
    listed = family.folder / "people.csv"
    training = ("train", listed, "100", family.folder / "rest.csv", family.folder / "model")
    for words in (("csv", family.faces, listed), training):
        subprocess.run(
            [sys.executable, ROOT / "facerec_train.py", *words], cwd=ROOT, check=True, timeout=PATIENCE_S
        )


def test_a_corrected_face_in_the_folder_of_a_group_is_known_after_training(
    desk: Desk, family: Family
) -> None:
    """Training takes the picture from the folder of the group, and the kept one only if no folder has it."""
    desk.send(do="name", group=1, name="Ann")
    desk.send(do="name", group=2, name="Bea")
    picture = family.pictures_of("Ann")[0]
    named_again(family, picture)
    (family.faces / "group-001").mkdir(exist_ok=True)
    picture.rename(family.faces / "group-001" / picture.name)
    assert f"{2 * PHOTOS} pictures of named faces are new" in desk.client.get("/people").text
    train(family)
    assert "to the model." not in desk.client.get("/people").text


def test_one_picture_is_spoken_of_in_the_singular(desk: Desk, family: Family) -> None:
    desk.send(do="name", group=1, name="Ann")
    for picture in family.pictures_of("Ann")[1:]:
        picture.unlink()
    assert "1 picture of a named face is new to the model." in desk.client.get("/people").text
