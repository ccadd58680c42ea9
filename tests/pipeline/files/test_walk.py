from __future__ import annotations

import os
import socket
import tracemalloc
from pathlib import Path

import pytest

from pipeline.errors import FailureCode
from pipeline.files.parts import PART_PREFIX, PART_SUFFIX
from pipeline.files.walk import Skipped, iter_sources
from pipeline.source import Source, SourceKind, Stamp
from tests.pictures import encoded, patches

JPEG = encoded(patches(), "JPEG")
PNG = encoded(patches(), "PNG")
TIFF = encoded(patches(), "TIFF")
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isommp41" + bytes(40)


@pytest.fixture
def tree(tmp_path):
    """Makes files under INPUT: their names and contents, folders as needed."""
    root = tmp_path / "in"
    root.mkdir()

    def make(files: dict[str | bytes, bytes]) -> Path:
        for name, content in files.items():
            path = os.path.join(os.fsencode(root), os.fsencode(name))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as stream:
                stream.write(content)
        return root

    return make


def walked(root, **options) -> dict[str, Source | Skipped]:
    found = list(iter_sources(str(root), **options))
    by_name = {item.relative: item for item in found}
    assert len(by_name) == len(found), "a file came twice"
    return by_name


def mined(root, **options) -> list[str]:
    return [name for name, item in walked(root, **options).items() if isinstance(item, Source)]


def test_a_source_says_where_it_lies_and_what_it_is(tree):
    root = tree({"trip/day 1/a.jpg": JPEG})
    source = walked(root)["trip/day 1/a.jpg"]
    status = (root / "trip/day 1/a.jpg").stat()
    assert source == Source(
        path=str(root / "trip/day 1/a.jpg"),
        relative="trip/day 1/a.jpg",
        kind=SourceKind.PHOTO,
        format="jpeg",
        stamp=Stamp.of(status),
    )


def test_content_decides_not_the_name(tree):
    root = tree({"jpeg.txt": JPEG, "png.jpg": PNG, "no ending": JPEG, "v.jpg": MP4, "IMG.NEF": JPEG})
    found = walked(root)
    assert {name: item.format for name, item in found.items()} == {
        "jpeg.txt": "jpeg",
        "png.jpg": "png",
        "no ending": "jpeg",
        "v.jpg": "mp4",
        "IMG.NEF": "jpeg",
    }
    assert found["v.jpg"].kind is SourceKind.VIDEO


def test_a_sidecar_is_called_one(tree):
    root = tree({"a.jpg": JPEG, "a.jpg.XMP": b"<x:xmpmeta/>", "b.txt": b"text"})
    said = {name: item.sentence for name, item in walked(root).items() if isinstance(item, Skipped)}
    assert said["a.jpg.XMP"] == "a sidecar, which is read with its photo or video"
    assert said["b.txt"] == "neither a photo nor a video by its content"


@pytest.mark.parametrize(
    ("name", "content", "code", "failed"),
    [
        ("text.jpg", b"dear diary\n", FailureCode.UNSUPPORTED_FORMAT, True),
        ("text.MP4", b"dear diary\n", FailureCode.UNSUPPORTED_FORMAT, True),
        ("notes.txt", b"dear diary\n", None, False),
        ("no ending", b"dear diary\n", None, False),
        ("app.ts", b"export {}\n", None, False),
        ("a.jpg.json", b'{"title": "a.jpg"}', None, False),
        ("empty.jpg", b"", FailureCode.EMPTY_FILE, True),
        ("empty.txt", b"", FailureCode.EMPTY_FILE, False),
        ("IMG_1.NEF", TIFF, None, False),
        ("IMG_1.dng", TIFF, None, False),
        ("IMG_1.CR3", b"\0\0\0\x18ftypcrx \0\0\0\0crx isom", None, False),
        ("._IMG_1.jpg", b"\0\5\x16\7\0\2\0\0Mac OS X        ", None, False),
    ],
)
def test_what_is_passed_over_and_what_counts_as_a_failure(tree, name, content, code, failed):
    item = walked(tree({name: content}))[name]
    assert isinstance(item, Skipped)
    assert (item.code, item.failed) == (code, failed)
    assert item.sentence


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("notes.txt", b"dear diary\n", FailureCode.UNSUPPORTED_FORMAT),
        ("empty.txt", b"", FailureCode.EMPTY_FILE),
        ("IMG_1.NEF", TIFF, FailureCode.UNSUPPORTED_FORMAT),
    ],
)
def test_a_file_that_was_asked_for_by_name_is_no_photo(tree, name, content, code):
    path = tree({name: content}) / name
    (item,) = iter_sources(str(path))
    assert (item.relative, item.code, item.failed) == (name, code, True)


def test_input_is_one_photo(tree, monkeypatch):
    root = tree({"trip/a.jpg": JPEG})
    monkeypatch.chdir(root)
    (source,) = iter_sources("trip/a.jpg")
    assert (source.path, source.relative) == (str(root / "trip/a.jpg"), "a.jpg")


def test_names_that_differ_in_their_ending_alone(tree):
    root = tree({"a.jpg": JPEG, "a.png": PNG, "A.JPG": JPEG, "a.jpg.json": b"{}", "a": JPEG})
    assert mined(root) == ["A.JPG", "a", "a.jpg", "a.png"]


HOSTILE_NAMES = [
    b"caf\xe9.jpg",
    b"\xff\xfe.jpg",
    "é\u202egpj.jpg".encode(),
    b"two\nlines.jpg",
    b"tab\there.jpg",
    b'it\'s "quoted".jpg',
    b"-rf.jpg",
    b"--help",
    b"concat:a.jpg|b.jpg",
    b"<b>bold<b>.jpg",
    b"$(touch x).jpg",
    b"\x1b[31mred.jpg",
    b"%s%n.jpg",
    b" leading and trailing ",
    b"x" * 255,
    b"\xe9" * 251 + b".jpg",
    b"...",
]


def test_hostile_names_are_mined(tree):
    root = tree(dict.fromkeys(HOSTILE_NAMES, JPEG) | {b"d\xe9r/\n/\xff.jpg": JPEG})
    found = walked(root)
    assert all(isinstance(item, Source) for item in found.values())
    assert {os.fsencode(name) for name in found} == {*HOSTILE_NAMES, b"d\xe9r/\n/\xff.jpg"}
    for source in found.values():
        assert os.path.exists(source.path)


def test_order_is_by_the_bytes_of_names_and_folder_by_folder(tree):
    names = ["b.jpg", "a.jpg", "B.jpg", "z/a.jpg", "a/z.jpg", "a/b/c.jpg", "a.d/x.jpg", b"\xff.jpg"]
    root = tree(dict.fromkeys(names, JPEG))
    expected = ["B.jpg", "a.jpg", "b.jpg", "\udcff.jpg", "a/z.jpg", "a/b/c.jpg", "a.d/x.jpg", "z/a.jpg"]
    assert mined(root) == expected == mined(root)


def test_links(tree, tmp_path):
    root = tree({"real/a.jpg": JPEG, "b.jpg": JPEG})
    (tmp_path / "far.jpg").write_bytes(PNG)
    (root / "link.jpg").symlink_to(tmp_path / "far.jpg")
    (root / "folder").symlink_to("real")
    (root / "dangling.jpg").symlink_to("nowhere")
    (root / "self.jpg").symlink_to("self.jpg")
    (root / "ping.jpg").symlink_to("pong.jpg")
    (root / "pong.jpg").symlink_to("ping.jpg")
    (root / "real" / "up").symlink_to("..")
    found = walked(root)
    assert [name for name in found if isinstance(found[name], Source)] == ["b.jpg", "link.jpg", "real/a.jpg"]
    for name in ("self.jpg", "ping.jpg", "pong.jpg"):
        assert (found[name].code, found[name].failed) == (FailureCode.UNREADABLE, True)
        assert found[name].sentence == "a link that leads in a circle"
    assert (found["dangling.jpg"].code, found["dangling.jpg"].failed) == (FailureCode.VANISHED, False)
    for name in ("folder", "real/up"):
        assert (found[name].code, found[name].failed) == (None, False)
        assert "--follow-links" in found[name].sentence


def test_followed_links_visit_each_folder_once(tree, tmp_path):
    root = tree({"a/x.jpg": JPEG, "b/y.jpg": JPEG})
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "z.jpg").write_bytes(JPEG)
    (tmp_path / "outside" / "back").symlink_to(root)
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "a" / "loop").symlink_to(".")
    (root / "b" / "to a").symlink_to("../a")
    found = walked(root, follow_links=True)
    assert [name for name in found if isinstance(found[name], Source)] == ["a/x.jpg", "b/y.jpg", "out/z.jpg"]
    for name in ("a/loop", "b/to a", "out/back"):
        assert (found[name].code, found[name].failed) == (None, False)
        assert "walked already" in found[name].sentence


def test_input_that_is_itself_a_link(tree, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tree({"a.jpg": JPEG}))
    assert mined(link) == ["a.jpg"]
    (tmp_path / "circle").symlink_to("circle")
    (item,) = iter_sources(str(tmp_path / "circle"))
    assert (item.code, item.failed) == (FailureCode.UNREADABLE, True)


def test_only_regular_files_are_opened(tree, monkeypatch):
    root = tree({"a.jpg": JPEG})
    os.mkfifo(root / "x.mp4")
    os.mkfifo(root / "pipe")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.jpg")
    (root / "zero.jpg").symlink_to("/dev/zero")
    found = walked(root)
    assert isinstance(found["a.jpg"], Source)
    for name in ("x.mp4", "socket.jpg", "zero.jpg"):
        assert (found[name].code, found[name].failed) == (FailureCode.NOT_A_REGULAR_FILE, True)
    assert not found["pipe"].failed


UNREADABLE = """
from pipeline.files.walk import Skipped, iter_sources
answer = {
    item.relative: (item.code, item.sentence, item.failed) if isinstance(item, Skipped) else "mined"
    for item in iter_sources(sys.argv[1])
}
"""


def test_what_may_not_be_read_is_named(tree, run_python, unprivileged):
    root = tree(
        {"a.jpg": JPEG, "locked.jpg": JPEG, "shut/b.jpg": JPEG, "no entry/c.jpg": JPEG, "blind/d.jpg": JPEG}
    )
    (root / "locked.jpg").chmod(0)
    (root / "shut").chmod(0)
    (root / "no entry").chmod(0o444)  # may be listed, but nothing inside may be looked at
    (root / "blind").chmod(0o111)
    try:
        found = run_python(UNREADABLE, root, prefix=unprivileged)
    finally:
        for folder in ("shut", "no entry", "blind"):
            (root / folder).chmod(0o755)
    shut = ["dir_unreadable", "the folder cannot be listed (Permission denied)", True]
    assert found == {
        "a.jpg": "mined",
        "locked.jpg": ["unreadable", "cannot be read (Permission denied)", True],
        "shut": shut,
        "blind": shut,
        "no entry/c.jpg": ["unreadable", "cannot be read (Permission denied)", True],
    }


def test_a_root_that_may_not_be_listed(tree, run_python, unprivileged):
    root = tree({})
    root.chmod(0)
    assert run_python(UNREADABLE, root, prefix=unprivileged)["."][0] == "dir_unreadable"


def test_outputs_inside_the_input_are_not_mined(tree, tmp_path):
    root = tree(
        {"a.jpg": JPEG, "mined/a.jpg-annotated.jpg": JPEG, "mined/deep/b.jpg": JPEG, "other/c.jpg": JPEG}
    )
    assert mined(root, output_root=root / "mined") == ["a.jpg", "other/c.jpg"]
    (tmp_path / "by link").symlink_to(root / "mined")
    assert mined(root, output_root=tmp_path / "by link") == ["a.jpg", "other/c.jpg"]
    assert len(mined(root, output_root=tmp_path / "is not there")) == 4
    (root / "a link").symlink_to("mined")
    assert mined(root, output_root=root / "mined", follow_links=True) == ["a.jpg", "other/c.jpg"]


def test_unfinished_outputs_are_not_mined(tree):
    part = f"{PART_PREFIX}12-00ff{PART_SUFFIX}"
    assert list(walked(tree({part: JPEG, "x.part": JPEG}))) == ["x.part"]


def test_a_folder_that_goes_away_meanwhile(tree):
    root = tree({"a.jpg": JPEG, "b/c.jpg": JPEG, "d/e.jpg": JPEG})
    walk = iter_sources(str(root))
    next(walk)
    (root / "b/c.jpg").unlink()
    (root / "b").rmdir()
    assert [(item.relative, getattr(item, "code", None)) for item in walk] == [
        ("b", FailureCode.VANISHED),
        ("d/e.jpg", None),
    ]


def test_walking_is_lazy(tree):
    root = tree({f"{folder:02}/{name:03}.jpg": JPEG[:64] for folder in range(20) for name in range(50)})
    walk = iter_sources(str(root))
    assert next(walk).relative == "00/000.jpg"
    (root / "19" / "000.jpg").write_bytes(b"")
    tracemalloc.start()
    count = sum(isinstance(item, Source) for item in walk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 998
    assert peak < 200_000
