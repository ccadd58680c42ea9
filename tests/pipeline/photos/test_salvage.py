"""Photos that end too early, really cut: what there is of them, and what becomes of them in a run."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from pipeline.detections import Box
from pipeline.errors import FailureCode, SourceError
from pipeline.photos.photo import open_photo
from pipeline.photos.salvage import end_jpeg
from pipeline.source import Limits
from tests.pictures import encoded, encoded_by_cv2, exif_of, portrait, source_of, texture, white_is_zero
from tests.running import component, pipeline_file, run

SIZE_WH = (131, 97)
TEXTURE = texture(SIZE_WH)
PICTURE = Image.fromarray(TEXTURE)
PALETTE = PICTURE.quantize(64)


def cut(content: bytes, part: float = 0.6) -> bytes:
    return content[: int(len(content) * part)]


@pytest.fixture
def salvaged(tmp_path):
    """What there is of a cut photo: its facts and its frame."""

    def open_(content: bytes):
        path = tmp_path / "photo"
        path.write_bytes(content)
        with pytest.raises(SourceError) as raised:
            open_photo(source_of(path), Limits())[1].rgb()
        assert raised.value.code is FailureCode.TRUNCATED
        return open_photo(source_of(path), Limits(), salvage=True)

    return open_


@pytest.mark.parametrize(
    "content",
    [
        encoded(PICTURE, "PNG"),
        encoded(PALETTE, "PNG"),
        encoded(PICTURE.convert("RGBA"), "PNG"),
        encoded(PICTURE.convert("L"), "PNG"),
        encoded_by_cv2(TEXTURE[:, :, ::-1].astype(np.uint16) * 257, ".png"),
        encoded_by_cv2(TEXTURE[:, :, 0].astype(np.uint16) * 257, ".png"),
        encoded(PALETTE, "GIF", interlace=0),
        encoded(PICTURE, "TIFF"),
        white_is_zero(encoded(Image.fromarray(TEXTURE[:, :, 0].astype(np.uint16) * 257), "TIFF")),
        encoded(PICTURE, "PPM"),
    ],
    ids=[
        "png",
        "palette",
        "rgba",
        "gray",
        "16 bits",
        "gray of 16 bits",
        "gif",
        "tiff",
        "white is zero",
        "ppm",
    ],
)
def test_the_rows_that_are_there_are_what_they_were(salvaged, content, tmp_path):
    (tmp_path / "whole").write_bytes(content)
    whole = open_photo(source_of(tmp_path / "whole"), Limits())[1].rgb()
    facts, frame = salvaged(cut(content))
    assert facts.is_partial
    assert frame.size_wh == SIZE_WH
    seen = frame.seen
    assert (seen.x1, seen.y1, seen.x2) == (0, 0, SIZE_WH[0])
    assert 0.4 * SIZE_WH[1] < seen.y2 < 0.8 * SIZE_WH[1]
    certain = slice(seen.y2 - 1)  # the last row may have come in part
    assert (frame.rgb()[certain] == whole[certain]).all()
    assert len(np.unique(frame.rgb()[seen.y2 :].reshape(-1, 3), axis=0)) == 1


def test_a_bmp_begins_at_the_bottom(salvaged):
    _, frame = salvaged(cut(encoded(PICTURE, "BMP")))
    assert frame.seen.y2 == SIZE_WH[1]
    assert 0.3 * SIZE_WH[1] < frame.seen.y1 < 0.5 * SIZE_WH[1]
    assert (frame.rgb()[frame.seen.y1 + 1 :] == TEXTURE[frame.seen.y1 + 1 :]).all()


@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"restart_marker_rows": 1}], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_is_gray_from_where_it_ends(salvaged, tmp_path, mode, options):
    content = encoded(PICTURE.convert(mode), "JPEG", quality=90, **options)
    (tmp_path / "whole").write_bytes(content)
    whole = open_photo(source_of(tmp_path / "whole"), Limits())[1].rgb()
    facts, frame = salvaged(cut(content))
    assert facts.is_partial
    seen = frame.seen
    assert 0.4 * SIZE_WH[1] < seen.y2 < 0.8 * SIZE_WH[1]
    certain = slice(seen.y2 - 18)  # blocks have up to 16 rows and colour a neighbour; the last may be missing
    assert (frame.rgb()[certain] == whole[certain]).all()
    missing = frame.rgb()[seen.y2 :]
    assert (missing == missing[0, 0]).all()
    if mode != "CMYK":
        assert (missing == 128).all()
    small = frame.rgb_covering((16, 12))  # whatever its scale, the same part of it is missing
    scale = small.shape[0] / SIZE_WH[1]
    assert (small[int(seen.y2 * scale) + 1 :] == missing[0, 0]).all()


def test_a_progressive_jpeg_is_all_there_but_coarse(salvaged):
    _, frame = salvaged(cut(encoded(PICTURE, "JPEG", quality=90, progressive=True), 0.5))
    assert frame.seen == frame.whole
    assert np.corrcoef(frame.rgb().ravel(), TEXTURE.ravel())[0, 1] > 0.7


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_can_be_cut_anywhere(salvaged, progressive):
    content = encoded(PICTURE, "JPEG", quality=75, progressive=progressive)
    scans = [match.start() for match in re.finditer(rb"\xff\xda", content)]
    markers = [match.start() for match in re.finditer(rb"\xff[\xc4\xda]", content)]
    inside = [at + more for at in markers if at > scans[0] for more in (1, 2, 3, 4, 9, 20)]
    for at in {*range(scans[0] + 600, len(content) - 10, 211), *inside}:
        _, frame = salvaged(content[:at])
        assert frame.rgb()[:8].std() > 3


def test_a_jpeg_that_was_cut_and_given_an_end_is_cut_all_the_same(salvaged):
    facts, frame = salvaged(cut(encoded(PICTURE, "JPEG", quality=90)) + b"\xff\xd9")
    assert facts.is_partial
    assert 0.4 * SIZE_WH[1] < frame.seen.y2 < 0.8 * SIZE_WH[1]
    assert (frame.rgb()[frame.seen.y2 :] == 128).all()


def test_a_whole_jpeg_has_its_end_already():
    for options in ({}, {"progressive": True}, {"restart_marker_rows": 1}):
        content = encoded(PICTURE, "JPEG", **options)
        assert end_jpeg(content) == content
        assert end_jpeg(content + b"a phone's own") == content + b"a phone's own"
    assert end_jpeg(b"\xff\xd8\xff") == b"\xff\xd8\xff\xd9"
    assert end_jpeg(b"\xff\xd8\xff\xe0\x00\x00" + bytes(9)) == b"\xff\xd8\xff\xd9"  # a length that is none


def test_what_is_there_of_a_turned_photo_lies_where_it_belongs(salvaged):
    turned = np.ascontiguousarray(np.rot90(TEXTURE))  # upright when it is turned right, as 6 says
    _, frame = salvaged(cut(encoded(turned, "JPEG", quality=90, exif=exif_of(6))))
    assert frame.size_wh == SIZE_WH
    assert (frame.seen.y1, frame.seen.x2, frame.seen.y2) == (0, SIZE_WH[0], SIZE_WH[1])
    assert 0.2 * SIZE_WH[0] < frame.seen.x1 < 0.6 * SIZE_WH[0]


def test_damage_in_the_middle_of_a_png_is_its_end(salvaged):
    content = bytearray(encoded(PICTURE, "PNG"))
    content[len(content) // 2] ^= 0xFF
    _, frame = salvaged(bytes(content))
    assert 0.3 * SIZE_WH[1] < frame.seen.y2 < 0.7 * SIZE_WH[1]


@pytest.mark.parametrize(
    "content",
    [
        cut(encoded(PICTURE, "WEBP", quality=90)),
        cut(encoded(PICTURE, "HEIF")),
        cut(encoded(PICTURE, "AVIF")),
        cut(encoded(PALETTE, "GIF", interlace=1)),
        encoded(PICTURE, "JPEG")[:300],
        encoded(PICTURE, "PNG")[:45],
    ],
    ids=["webp", "heif", "avif", "interlaced gif", "a jpeg's head", "a png's head"],
)
def test_what_gives_no_part_of_itself_still_fails(salvaged, content):
    with pytest.raises(SourceError) as raised:
        salvaged(content)
    assert raised.value.code is FailureCode.TRUNCATED


def test_an_interlaced_png_still_fails(salvaged, interlaced_png):
    with pytest.raises(SourceError, match="it is interlaced, so that its decoded rows do not lie"):
        salvaged(cut(interlaced_png))


@pytest.fixture
def interlaced_png() -> bytes:
    """A gray picture in Adam7's seven passes, by hand: no writer here makes such files."""
    import zlib

    from tests.pictures import png_chunk

    grain = np.random.default_rng(3).integers(0, 256, (256, 256)).astype(np.uint8)
    starts_steps = [
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    ]
    rows = b"".join(
        b"\0" + row.tobytes() for y, x, down, across in starts_steps for row in grain[y::down, x::across]
    )
    header = b"\0\0\1\0\0\0\1\0\x08\0\0\0\1"
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    content = b"\x89PNG\r\n\x1a\n" + chunks
    assert (np.asarray(Image.open(io.BytesIO(content))) == grain).all()
    return content


FACES = component("faces", "simpledetector", model="haarcascade_frontalface_default.xml")
STEPS = (
    FACES,
    component("report", "jsonreportwriter", "faces"),
    component("copies", "photowriter", "faces", format="png"),
)


def test_a_run_mines_what_is_there_and_says_so(tmp_path):
    two = np.vstack([portrait((320, 240), (60, 50)), portrait((320, 240), (120, 60))])
    content = encoded(two, "JPEG", quality=95)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/whole.jpg").write_bytes(content)
    (tmp_path / "in/cut.jpg").write_bytes(cut(content, 0.62))
    (tmp_path / "in/head.jpg").write_bytes(content[:300])
    pipeline = pipeline_file(tmp_path / "p.yml", *STEPS)
    arguments = (
        "--workers",
        "1",
        "--summary",
        tmp_path / "s.json",
        tmp_path / "in",
        tmp_path / "out",
        pipeline,
    )
    done = run(*arguments)
    assert done.returncode == 1
    assert "cut.jpg: failed (truncated): the JPEG file ends too early" in done.stderr
    assert sorted(path.name for path in (tmp_path / "out").glob("*.json")) == ["whole.jpg.json"]

    pipeline.write_text(f"on_truncated: salvage\n{pipeline.read_text()}")
    done = run(*arguments)
    assert done.returncode == 1, done.stderr
    warned = [line for line in done.stderr.splitlines() if "warning" in line]
    assert len(warned) == 1
    assert warned[0].endswith("cut.jpg: mined: the JPEG file ends too early; mined as far as it goes")
    assert "head.jpg: failed (truncated): " in done.stderr
    assert "mined 2 photos" in done.stdout
    assert "1 partial (cut off or damaged)" in done.stdout
    counts = json.loads((tmp_path / "s.json").read_text())["counts"]
    assert (counts["photos"], counts["partial"], counts["failed"]) == (2, 1, 1)

    whole, part = (json.loads((tmp_path / f"out/{name}.jpg.json").read_text()) for name in ("whole", "cut"))
    assert "status" not in whole
    assert part["status"] == "partial"
    assert [part[key] for key in ("width", "height")] == [320, 480]
    boxes = [[Box(*found["rect"]) for found in report["frames"][0]["faces"]] for report in (whole, part)]
    assert [len(found) for found in boxes] == [2, 1]
    assert boxes[1][0].iou(Box(60, 50, 180, 170)) > 0.5
    copy = np.asarray(Image.open(tmp_path / "out/cut.jpg-annotated.png"))
    assert copy.shape == (480, 320, 3)
    assert (copy[-16:] == 128).all()

    done = run(*arguments)  # what was mined in part is not mined again
    assert done.returncode == 0, done.stderr
    counts = json.loads((tmp_path / "s.json").read_text())["counts"]
    assert (counts["unchanged"], counts["left_alone"], counts["partial"]) == (2, 1, 0)
