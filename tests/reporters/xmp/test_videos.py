"""What videos say in XMP, embedded or in sidecars: it goes into reports and into sidecars that are made."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.detections import Box, Detection, FrameResult, Label
from pipeline.frame import Frame
from pipeline.videos.embeddedxmp import read_xmp_packet
from pipeline.videos.messages import SegmentPart
from reporters.description import NO_DESCRIPTION, Description
from reporters.xmp.describing import describe
from reporters.xmpwriter import XmpWriter, XmpWriterParams
from tests.pictures import patches
from tests.reporters.xmp.test_judges import exiftool, needs, said
from tests.sidecars import keywords, listed, packet
from tests.videos import SIZE_WH, make_video, source_of

GIVEN = packet(
    listed("dc:subject", ["Rome", "holiday"])
    + listed("lr:hierarchicalSubject", ["Places|Rome"])
    + "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>A day out</rdf:li></rdf:Alt></dc:title>",
    'xmp:Rating="4"',
)
SAID = Description(("Places|Rome", "holiday"), "A day out", 4)
UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def at_the_end_of_mp4(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(box(b"uuid", b"\0" * 16 + b"another program's") + box(b"uuid", UUID + GIVEN))


def in_user_data(path: Path) -> None:
    content = path.read_bytes()
    at = content.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", content, at)
    assert at + size == len(content), "the index comes last"
    grown = content[at + 8 :] + box(b"udta", box(b"\xa9swr", b"x") + box(b"XMP_", GIVEN))
    path.write_bytes(content[:at] + box(b"moov", grown))


def in_a_chunk(path: Path) -> None:
    chunk = b"_PMX" + struct.pack("<I", len(GIVEN)) + GIVEN + b"\0" * (len(GIVEN) % 2)
    content = path.read_bytes()
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8 + len(chunk)) + content[8:] + chunk)


PLACES = {"a.mp4": at_the_end_of_mp4, "a.mov": in_user_data, "a.avi": in_a_chunk}


@pytest.fixture(params=PLACES)
def video(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A video with a packet where its format has it."""
    path = make_video(tmp_path / request.param, "-c:v", "mpeg4", frames=5)
    place: Callable[[Path], None] = PLACES[request.param]
    place(path)
    return path


def test_the_packet_is_found_and_described(video: Path) -> None:
    source = source_of(video)
    assert read_xmp_packet(source.path, source.format, 1 << 20) == GIVEN
    assert describe(source, SIZE_WH) == SAID
    video.with_name(f"{video.name}.xmp").write_bytes(packet(listed("dc:subject", ["mine"])))
    assert describe(source, SIZE_WH) == Description(("mine",), "A day out", 4)


@needs("exiftool")
def test_exiftool_finds_the_same_packet(video: Path) -> None:
    assert exiftool(video, "-XMP:all")["HierarchicalSubject"] in ("Places|Rome", ["Places|Rome"])


@needs("exiftool")
@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_a_packet_that_exiftool_embeds_is_found(name: str, tmp_path: Path) -> None:
    path = make_video(tmp_path / name, "-c:v", "mpeg4", frames=5)
    said("exiftool", "-q", "-overwrite_original", "-XMP-dc:Subject=Rome", "-XMP-xmp:Rating=2", path)
    assert describe(source_of(path), SIZE_WH) == Description(("Rome",), "", 2)


def test_a_sidecar_that_is_made_begins_with_the_videos_own_keywords(video: Path, tmp_path: Path) -> None:
    writer = XmpWriter("sidecars", XmpWriterParams())
    writer.load()
    source, out = source_of(video), tmp_path / "out"
    with writer.open_segment(source, None, out, tmp_path / "part") as session:  # type: ignore[arg-type]
        found = Detection(Box(1, 2, 30, 40), (Label("dog", 0.9),))
        session.write(Frame.from_rgb(patches()), FrameResult(0, 0.0, {"some": (found,)}))
    result = SimpleNamespace(facts=SimpleNamespace(size_wh=(160, 96)))
    writer.join(source, result, [SegmentPart(tmp_path / "part", session.note)], out)  # type: ignore[arg-type]
    if shutil.which("exiftool"):
        checked = said("exiftool", "-validate", "-warning", "-error", "-a", out / f"{video.name}.xmp")
        assert checked.split() == ["Validate", ":", "OK"]
    flat, tree, tags = keywords((out / f"{video.name}.xmp").read_bytes())
    assert flat == ["Rome", "dog", "holiday"]
    assert tree == ["Objects|dog", "Places|Rome", "holiday"]
    assert tags == ["Objects/dog", "Places/Rome", "holiday"]


def test_broken_and_foreign_files_say_nothing(tmp_path: Path) -> None:
    good = make_video(tmp_path / "a.mp4", "-c:v", "mpeg4", frames=5)
    at_the_end_of_mp4(good)
    content = good.read_bytes()
    at = content.index(UUID)
    broken = {
        "cut.mp4": content[: at + 40],
        "long.mp4": content[: at - 8] + struct.pack(">I", 1 << 31) + content[at - 4 :],
        "endless.mp4": content[:at] + b"\0\0\0\x08free" * 20_000 + content[at:],
        "none.mp4": content[: at - 8],
    }
    for name, changed in broken.items():
        (tmp_path / name).write_bytes(changed)
        assert describe(source_of(tmp_path / name), SIZE_WH) == NO_DESCRIPTION, name
    matroska = make_video(tmp_path / "a.mkv", "-c:v", "mpeg4", frames=5)
    assert describe(source_of(matroska), SIZE_WH) == NO_DESCRIPTION
    assert read_xmp_packet(str(tmp_path / "gone.mp4"), "mp4", 100) is None
