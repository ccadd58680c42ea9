"""What people say about faces: what is kept, what the pages then show, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from recognizers.corrections.lookup import Corrections
from recognizers.corrections.store import CorrectionStore, FacePicture
from recognizers.faces.dataset import list_face_folder
from recognizers.faces.folderrecord import read_facts
from recognizers.faces.pictures import read_rgb
from reporters.layout import FRAMES_END, FRAMES_SEPARATOR, frame_text, head_text
from search.web.app import make_app
from search.web.people import naming
from search.web.people.forms import TOKEN_FIELD
from tests.running import PATIENCE_S, ROOT
from tests.search.outputs import name as label
from tests.search.web.people.conftest import PEOPLE, PHOTOS, Desk, Family


def entries(family: Family) -> list[dict[str, object]]:
    """The log of corrections."""
    return [json.loads(line) for line in family.log.read_text().splitlines()]


def test_unknown_faces_are_in_groups_with_numbers(desk: Desk) -> None:
    assert desk.groups() == dict.fromkeys(range(1, len(PEOPLE) + 1), PHOTOS)


def test_a_named_group_becomes_a_folder_that_can_be_trained(desk: Desk, family: Family) -> None:
    text = desk.send(do="name", group=1, name="Ann")
    assert f"{PHOTOS} faces: Ann" in text
    assert 1 not in desk.groups()
    pictures = family.pictures_of("Ann")
    assert len(pictures) == PHOTOS
    facts = [read_facts(str(path)) for path in pictures]
    assert {one.photo for one in facts if one} == {str(family.input / f"all{n}.png") for n in range(PHOTOS)}
    assert all(one.aligned and one.key for one in facts if one)
    assert read_rgb(str(pictures[0])).shape[2] == 3
    assert list(list_face_folder(str(family.faces)).sources) == ["Ann"]
    (entry,) = entries(family)
    assert (entry["do"], entry["name"]) == ("name", "Ann")


def test_of_a_large_group_some_faces_are_cut_and_all_are_named(
    desk: Desk, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming, "_MOST_PICTURES", 3)
    assert f"{PHOTOS} faces: Ann" in desk.send(do="name", group=1, name="Ann")
    assert len(family.pictures_of("Ann")) == 3
    (entry,) = entries(family)
    assert len(entry["faces"]) == PHOTOS  # type: ignore[arg-type]


def test_pictures_in_folders_of_groups_move_to_the_person(desk: Desk, family: Family) -> None:
    """`facerec_train.py unknown` has written them; the groups of the page are the same."""
    command = [sys.executable, ROOT / "facerec_train.py", "unknown", family.output, family.faces]
    subprocess.run([*command, "--model", family.folder / "model"], check=True, timeout=PATIENCE_S)
    sizes = {number: len(family.pictures_of(f"group-{number:03}")) for number in desk.groups()}
    assert sizes == desk.groups()
    before = {path.name for path in family.pictures_of("group-001")}
    desk.send(do="name", group=1, name="Ann")
    assert {path.name for path in family.pictures_of("Ann")} == before
    assert family.pictures_of("group-001") == []
    desk.send(do="undo", correction=1)
    desk.send(do="group")
    desk.wait()
    assert desk.groups() == sizes


def test_chosen_faces_only(desk: Desk, family: Family) -> None:
    chosen = desk.faces(2)[:2]
    desk.send(do="name", group=2, name="Bob", face=chosen)
    assert desk.groups()[2] == PHOTOS - 2
    assert len(family.pictures_of("Bob")) == 2


def test_a_name_that_is_there_is_spelled_as_its_folder(desk: Desk, family: Family) -> None:
    desk.send(do="name", group=1, name="Zoë  Müller ")
    desk.send(do="name", group=2, name="zoë MÜLLER")
    assert len(family.pictures_of("Zoë Müller")) == 2 * PHOTOS


@pytest.mark.parametrize("name", ["", " ", "..", "._", "group-001", "Unknown", "x" * 101])
def test_what_is_no_name_is_refused(desk: Desk, family: Family, name: str) -> None:
    desk.send(400, do="name", group=1, name=name)
    assert not family.log.exists()


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "a\x00b", "<script>alert(1)</script>"])
def test_a_name_is_never_a_path_or_markup(desk: Desk, family: Family, name: str) -> None:
    desk.send(do="name", group=1, name=name)
    assert len(list(family.faces.glob("*/*.png"))) == PHOTOS
    assert not list(family.folder.glob("*evil*"))
    assert "<script>alert" not in desk.client.get("/people").text


def test_a_face_without_landmarks_is_named_and_its_picture_is_kept(desk: Desk, family: Family) -> None:
    """A recognizer has seen the faces of one photo, whose detector found no eyes and mouth."""
    report = family.output / "all0.png.json"
    content = json.loads(report.read_text())
    for frame in content["frames"]:
        for face in frame["faces"]:
            assert face.pop("landmarks")
        frame["names"] = [{"rect": face["rect"], "labels": [label("unknown")]} for face in frame["faces"]]
    frames = FRAMES_SEPARATOR.join(map(frame_text, content.pop("frames")))
    report.write_text(head_text(content) + frames + FRAMES_END)
    (family.faces / "groups.json").unlink()
    family.group()
    assert sorted(desk.groups().values()) == [PHOTOS - 1] * len(PEOPLE)
    first, *_ = alone = desk.faces(0)
    assert len(alone) == len(PEOPLE)
    assert desk.client.get(f"/people/crop/{first}").status_code == 200
    assert "1 face: Ann" in desk.send(do="name", group=0, face=first, name="Ann")
    assert family.pictures_of("Ann") == []
    (entry,) = entries(family)
    (face,) = entry["faces"]  # type: ignore[misc, attr-defined]
    facts = read_facts(str(family.log.parent / "pictures" / face["picture"]))
    assert facts is not None
    assert not facts.aligned
    assert "Nobody has a name yet" in desk.client.get("/people").text
    desk.send(do="name", group=1, name="Bea")
    assert f"{PHOTOS - 1} pictures of named faces are new" in desk.client.get("/people").text


def test_undo_brings_the_group_back_and_keeps_the_pictures(desk: Desk, family: Family) -> None:
    before = desk.groups()
    desk.send(do="name", group=1, name="Ann")
    desk.send(do="undo", correction=1)
    assert desk.groups() == before
    assert not (family.faces / "Ann").exists()
    assert len(family.pictures_of("_undone/Ann")) == PHOTOS
    assert "no correction 1" in desk.send(409, do="undo", correction=1)


def test_an_old_change_is_undone_after_the_groups_were_made_again(desk: Desk, family: Family) -> None:
    before = desk.groups()
    desk.send(do="name", group=1, name="Ann")
    desk.send(do="group")
    desk.wait()
    assert 1 not in desk.groups()
    desk.send(do="undo", correction=1)
    assert desk.wait()["failure"] == ""
    assert desk.groups() == before


def test_faces_are_moved_out_and_stay_out(desk: Desk) -> None:
    face = desk.faces(3)[0]
    desk.send(do="move-out", group=3, face=face)
    assert desk.faces(0) == [face]
    desk.send(do="group")
    desk.wait()
    assert desk.groups()[3] == PHOTOS - 1
    desk.send(do="undo", correction=1)
    desk.wait()
    assert desk.groups()[3] == PHOTOS


def test_groups_are_merged_and_parted(desk: Desk) -> None:
    desk.send(do="merge", group=[2, 4])
    assert desk.groups()[2] == 2 * PHOTOS
    assert 4 not in desk.groups()
    desk.send(do="undo", correction=1)
    assert desk.groups()[4] == PHOTOS
    desk.send(409, do="merge", group=[2])
    desk.send(409, do="merge", group=[2, 77])


def test_strangers_and_what_is_no_face_are_not_asked_about_again(desk: Desk, family: Family) -> None:
    desk.send(do="strangers", group=1)
    face = desk.faces(2)[0]
    desk.send(do="not-faces", face=face)
    desk.send(do="group")
    assert desk.wait()["failure"] == ""
    assert desk.groups() == {2: PHOTOS - 1, 3: PHOTOS, 4: PHOTOS}
    assert list(family.faces.glob("*/*.png")) == []


def test_what_is_corrected_is_no_longer_new_to_the_model(desk: Desk, family: Family) -> None:
    assert "Nobody has a name yet" in desk.client.get("/people").text
    text = desk.send(do="name", group=1, name="Ann")
    assert f"{PHOTOS} pictures of named faces are new" in text
    picture = family.pictures_of("Ann")[0]
    facts = read_facts(str(picture))
    assert facts is not None
    assert facts.key is not None
    store = CorrectionStore(family.log.parent)
    store.not_name([FacePicture(facts.key, facts.size_bytes or 0, facts.photo or "")], "Ann")
    text = desk.client.get("/people").text
    assert f"{PHOTOS - 1} pictures of named faces are new" in text


def test_two_tabs(desk: Desk, family: Family) -> None:
    """The second tab still shows the group that the first one has named."""
    faces = desk.faces(1)
    desk.send(do="name", group=1, name="Ann")
    for fields in ({"do": "name", "name": "Bob"}, {"do": "strangers"}, {"do": "move-out"}):
        text = desk.send(409, group=1, face=faces, **fields)
        assert "meanwhile" in text
    assert len(entries(family)) == 1
    assert not (family.faces / "Bob").exists()


def test_two_tabs_at_the_same_time(desk: Desk, family: Family) -> None:
    """Exactly one of eight forms that give one group different names is obeyed."""
    secret, faces = desk.secret, desk.faces(1)
    statuses: list[int] = []

    def send(name: str) -> None:
        fields = {TOKEN_FIELD: secret, "do": "name", "group": "1", "name": name, "face": faces}
        statuses.append(desk.client.post("/people/do", data=fields, follow_redirects=False).status_code)

    threads = [threading.Thread(target=send, args=(name,)) for name in "ABCDEFGH"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303] + [409] * 7
    assert len(entries(family)) == 1
    assert len(list(family.faces.glob("*/*.png"))) == PHOTOS


def test_another_program_has_named_the_faces(desk: Desk, family: Family) -> None:
    faces = desk.faces(1)
    desk.send(do="name", group=1, name="Ann")
    line = family.log.read_bytes()
    desk.send(do="undo", correction=1)
    family.log.write_bytes(line)
    desk.send(409, do="name", group=1, name="Bob", face=faces)


def test_a_log_that_cannot_be_written_loses_nothing(
    desk: Desk, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = desk.groups()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr(CorrectionStore, "name", fail)
        desk.send(do="name", group=1, name="Ann")
    assert desk.groups() == before
    desk.send(do="name", group=1, name="Ann")
    assert len(family.pictures_of("Ann")) == PHOTOS


def test_a_killed_server_loses_nothing(family: Family, start_server) -> None:
    """Killed as soon as the first picture is there; then the same group is named again."""
    address, process = start_server()
    with httpx2.Client(base_url=address) as client:
        kill = threading.Thread(target=_kill_at, args=(family.faces / "Ann", process))
        kill.start()
        with pytest.raises(httpx2.TransportError):
            while True:
                fields = {TOKEN_FIELD: Desk(client).secret, "do": "name", "group": "1", "name": "Ann"}  # type: ignore[arg-type]
                client.post("/people/do", data=fields)
        kill.join()
    address, _ = start_server()
    with httpx2.Client(base_url=address) as client:
        again = Desk(client)  # type: ignore[arg-type]
        again.wait()
        if 1 in again.groups():
            again.send(do="name", group=1, name="Ann")
    pictures = family.pictures_of("Ann")
    assert len(pictures) == PHOTOS
    assert all(read_facts(str(path)) for path in pictures)
    said = Corrections(CorrectionStore(family.log.parent).entries())
    assert [one.name for one in said.verdicts] == ["Ann"] * PHOTOS


def _kill_at(folder: Path, process) -> None:
    until = time.monotonic() + PATIENCE_S
    while not folder.exists() and time.monotonic() < until:
        pass
    process.kill()


def test_a_photo_that_is_gone_is_left_out(desk: Desk, family: Family) -> None:
    (family.input / "all0.png").unlink()
    text = desk.send(do="name", group=1, name="Ann")
    assert "1 faces could not be cut out" in text
    assert len(family.pictures_of("Ann")) == PHOTOS - 1
    assert desk.groups()[1] == 1


def test_forms_of_other_sites_are_refused(desk: Desk, family: Family) -> None:
    fields = {TOKEN_FIELD: desk.secret, "do": "name", "group": "1", "name": "Ann"}

    def status(data: dict[str, str] = fields, **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return desk.client.post("/people/do", data=data, headers=named, follow_redirects=False).status_code

    assert status(sec_fetch_site="cross-site") == 403
    assert status(sec_fetch_site="same-site") == 403
    assert status(origin="http://evil.example") == 403
    assert status(origin="http://127.0.0.1:9999") == 403
    assert status(host="evil.example") == 421
    assert status(fields | {TOKEN_FIELD: "wrong"}) == 403
    assert status({name: value for name, value in fields.items() if name != TOKEN_FIELD}) == 403
    assert status(content_type="text/plain") == 415
    assert status(fields | {"x": "x" * (5 << 20)}) == 413
    assert status(dict.fromkeys(map(str, range(60000)), "x")) == 400
    assert desk.client.get("/people/do").status_code == 405
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert desk.client.request(method, "/people/do").status_code == 405
    assert not family.log.exists()
    assert status(origin="http://127.0.0.1:8765", sec_fetch_site="same-origin") == 303


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"do": "everything"},
        {"do": "undo", "correction": "x"},
        {"do": "merge", "group": "²"},
        {"do": "name", "name": "Ann", "group": "9" * 30},
        {"do": "not-faces"},
    ],
)
def test_forms_that_say_nothing_are_refused(desk: Desk, fields: dict[str, str]) -> None:
    desk.send(400, **fields)


def test_only_faces_of_the_view_are_named(desk: Desk, family: Family) -> None:
    desk.send(409, do="name", name="Ann", group=1, face=["0" * 20, "../../x", "'; DROP TABLE face; --"])
    desk.send(409, do="rename", name="Ann", person="unknown", face=["x", "A.0.0.0.0.0"])
    assert desk.groups()[1] == PHOTOS
    assert not family.log.exists()


def test_after_a_form_no_other_site_is_shown(desk: Desk) -> None:
    for back in (
        "//evil.example/",
        "https://evil.example",
        "/people\r\nx: y",
        "\\\\evil",
        "javascript:alert(1)",
    ):
        answer = desk.client.post(
            "/people/do",
            data={TOKEN_FIELD: desk.secret, "do": "group", "back": back},
            follow_redirects=False,
        )
        assert answer.headers["location"] == "/people"
        desk.wait()


def test_without_writable_nothing_is_written(family: Family) -> None:
    settings = family.settings()
    plain = type(settings)(settings.output_root, settings.index, settings.thumbnails)
    files = _files(family)
    with TestClient(make_app(plain), base_url="http://127.0.0.1:8765") as client:
        text = client.get("/people").text
        assert "--writable" in text
        assert "<form method=" not in text
        assert client.post("/people/do", data={"do": "name"}).status_code == 405
        for address in ("/people/group/1", "/people/person?name=x", "/people/job", "/people/crop/x"):
            assert client.get(address).status_code == 404
    assert _files(family) == files


def _files(family: Family) -> list[Path]:
    """All files but those that SQLite makes while the index is open."""
    return sorted(path for path in family.folder.rglob("*") if "index.sqlite-" not in path.name)


@pytest.mark.parametrize("address", ["/people/group/x", "/people/group/-1", "/people/group/" + "9" * 99])
def test_a_group_that_is_none(desk: Desk, address: str) -> None:
    assert desk.client.get(address).status_code == 404
    assert "no faces any more" in desk.client.get("/people/group/99").text
    assert desk.client.get("/people/crop/zzz").status_code == 404
    assert desk.client.get("/people/face/zzz").status_code == 404


def test_a_view_that_was_deleted_is_made_again(desk: Desk, family: Family) -> None:
    before = desk.groups()
    for path in (family.folder / "cache" / "faces").glob("*.sqlite"):
        path.write_bytes(b"damaged")
    assert desk.groups() == {}
    desk.send(do="group")
    desk.wait()
    assert desk.groups() == before
