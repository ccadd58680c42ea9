"""JPEGs that are damaged inside, begin and end as they may, and whole ones that look strange."""

from __future__ import annotations

import random
import re

import pytest
from PIL import Image

from pipeline.errors import ExitCode, FailureCode, SourceError
from pipeline.photos.photo import open_photo
from pipeline.source import Limits
from tests.pictures import encoded, lying_jpeg, source_of, texture
from tests.running import component, pipeline_file, run

PICTURE = Image.fromarray(texture((480, 360)))
END = b"\xff\xd9"
FILES = {
    "plain": encoded(PICTURE, "JPEG", quality=90),
    "its own tables": encoded(PICTURE, "JPEG", quality=90, optimize=True),
    "gray": encoded(PICTURE.convert("L"), "JPEG", quality=90),
    "cmyk": encoded(PICTURE.convert("CMYK"), "JPEG", quality=90),
    "restarts": encoded(PICTURE, "JPEG", quality=90, restart_marker_rows=1),
    "progressive": encoded(PICTURE, "JPEG", quality=90, progressive=True),
}
HOLE = 9000


def at(content: bytes, part: float) -> int:
    """Where this part of all scans' data has been."""
    start = content.index(b"\xff\xda")
    return start + int((len(content) - start) * part)


def with_hole(content: bytes, filling: bytes) -> bytes:
    start = at(content, 0.3)
    return content[:start] + filling + content[start + len(filling) :]


DAMAGES = {
    "a half, and an end": lambda jpeg: jpeg[: at(jpeg, 0.5)] + END,
    "a tenth, and an end": lambda jpeg: jpeg[: at(jpeg, 0.1)] + END,
    "zeros to the end": lambda jpeg: jpeg[: at(jpeg, 0.5)] + bytes(len(jpeg) - at(jpeg, 0.5)),
    "zeros, and an end": lambda jpeg: jpeg[: at(jpeg, 0.5)] + bytes(len(jpeg) - at(jpeg, 0.5)) + END,
    "a hole of zeros": lambda jpeg: with_hole(jpeg, bytes(HOLE)),
    "a hole of ones": lambda jpeg: with_hole(jpeg, b"\xff" * HOLE),
    "a hole of noise": lambda jpeg: with_hole(jpeg, random.Random(4).randbytes(HOLE)),
    "without its middle": lambda jpeg: jpeg[: at(jpeg, 0.33)] + jpeg[at(jpeg, 0.66) :],
}


@pytest.fixture
def decoded(tmp_path):
    """Decodes bytes as a photo, at the scale that serves a width."""

    def decode(content: bytes, width: int = 480):
        (tmp_path / "photo").write_bytes(content)
        return open_photo(source_of(tmp_path / "photo"), Limits())[1].rgb_covering((width, 1))

    return decode


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_damage_is_told_at_each_scale(name, damage, decoded):
    damaged = DAMAGES[damage](FILES[name])
    for width in (60, 480):
        decoded(FILES[name], width)
        with pytest.raises(SourceError) as raised:
            decoded(damaged, width)
        assert raised.value.code is FailureCode.TRUNCATED
        assert re.match(r"the JPEG file (is damaged: \w|ends too early$)", raised.value.sentence)


def behind_header(content: bytes, more: bytes) -> bytes:
    """With more bytes between its first two segments."""
    end = 4 + int.from_bytes(content[4:6], "big")
    return content[:end] + more + content[end:]


def with_scan_parameters(content: bytes, parameters: bytes) -> bytes:
    start = content.index(b"\xff\xda") + 2
    end = start + int.from_bytes(content[start : start + 2], "big")
    return content[: end - 3] + parameters + content[end:]


def before_restarts(content: bytes, more: bytes) -> bytes:
    start = content.index(b"\xff\xda")
    return content[:start] + re.sub(rb"(?=\xff[\xd0-\xd7])", more, content[start:])


PLAIN = FILES["plain"]
STRANGE = {
    "bytes left before the end": PLAIN[:-2] + b"a drone's own, that no decoder knows" + END,
    "zeros left before the end": PLAIN[:-2] + bytes(5000) + END,
    "bytes between segments": behind_header(PLAIN, b"\x01\x02" * 300),
    "bytes left before restarts": before_restarts(FILES["restarts"], b"as a webcam leaves"),
    "scan parameters": with_scan_parameters(PLAIN, b"\0\0\0"),
    "JFIF 9": PLAIN.replace(b"JFIF\0\x01", b"JFIF\0\x09"),
    "Adobe's transform": behind_header(PLAIN, b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x07"),
    "zeros behind the end": PLAIN + bytes(5000),
    "a video behind the end": PLAIN + b"ftyp" + random.Random(5).randbytes(5000),
    "flat": encoded(Image.new("RGB", (4000, 3000)), "JPEG", optimize=True),
    "progressive and flat": encoded(Image.new("L", (4000, 3000)), "JPEG", progressive=True),
}


@pytest.mark.parametrize("name", STRANGE)
def test_what_every_viewer_forgives_is_no_damage(name, decoded, capfd):
    assert decoded(STRANGE[name], 60).shape[1] >= 60
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["scan parameters", "JFIF 9", "Adobe's transform", "bytes between segments"])
@pytest.mark.parametrize("damage", ["a half, and an end", "a hole of ones", "without its middle"])
def test_a_harmless_complaint_hides_no_damage(name, damage, decoded):
    with pytest.raises(SourceError) as raised:
        decoded(DAMAGES[damage](STRANGE[name]))
    assert raised.value.code is FailureCode.TRUNCATED


def test_more_pixels_than_there_can_be_are_not_waited_for(tmp_path):
    content = lying_jpeg(12_000, 9_000)
    (tmp_path / "photo").write_bytes(content)
    expected = rf"is damaged: its {len(content)} bytes are too few for 12000x9000 pixels$"
    with pytest.raises(SourceError, match=expected) as raised:
        open_photo(source_of(tmp_path / "photo"), Limits())
    assert raised.value.code is FailureCode.TRUNCATED


@pytest.mark.parametrize("name", [name for name in FILES if name != "cmyk"])
@pytest.mark.parametrize("width", [480, 60])
def test_a_picture_without_its_end_marker_is_whole(name, width, decoded):
    whole = FILES[name]
    for cut in (whole[:-2], whole[:-1]):
        assert (decoded(cut, width) == decoded(whole, width)).all()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("missing", [300, 2000])
def test_a_picture_without_its_end_is_not(name, missing, decoded):
    for width in (480, 60):
        with pytest.raises(SourceError) as caught:
            decoded(FILES[name][:-missing], width)
        assert caught.value.code == FailureCode.TRUNCATED


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_run_tells_it_in_its_own_words(tmp_path, workers):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/whole.jpg").write_bytes(STRANGE["bytes left before the end"])
    (tmp_path / "in/hole.jpg").write_bytes(DAMAGES["a hole of noise"](PLAIN))
    faces = component("faces", "simpledetector", model="haarcascade_frontalface_default.xml")
    pipeline = pipeline_file(tmp_path / "p.yml", faces, component("report", "jsonreportwriter", "faces"))
    done = run("--workers", workers, tmp_path / "in", tmp_path / "out", pipeline)
    assert done.returncode == ExitCode.SOME_FAILED
    assert "hole.jpg: failed (truncated): the JPEG file is damaged: " in done.stderr
    assert "Corrupt JPEG data" not in done.stderr
    assert [path.name for path in (tmp_path / "out").glob("*.json")] == ["whole.jpg.json"]
