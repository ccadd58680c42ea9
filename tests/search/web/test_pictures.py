from __future__ import annotations

import asyncio
import io
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import SourceError
from search.web.picturemaker import PictureMaker
from search.web.picturepool import PicturePool
from search.web.pictures import face_as_jpeg, frame_as_jpeg, photo_as_jpeg
from search.web.thumbnails import Thumbnails
from tests.charts import PATCHES, make_hdr_chart, patches_in
from tests.pictures import encoded, patches
from tests.search.web.conftest import run_apart
from tests.videos import ffmpeg


def test_a_photo_is_upright_and_fits(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), "red").save(tmp_path / "a.jpg", exif=_turned())
    made = Image.open(io.BytesIO(photo_as_jpeg(str(tmp_path / "a.jpg"), 100)))
    assert made.size == (67, 100)


def test_a_truncated_photo_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    content = encoded(patches(8), "JPEG")
    (tmp_path / "a.jpg").write_bytes(content[: len(content) // 2])
    assert Image.open(io.BytesIO(photo_as_jpeg(str(tmp_path / "a.jpg"), 100))).format == "JPEG"


def test_what_is_no_photo_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("a letter")
    with pytest.raises(SourceError):
        photo_as_jpeg(str(tmp_path / "a.jpg"), 100)


def test_a_face_at_the_edge(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), "red").save(tmp_path / "a.png")
    made = Image.open(io.BytesIO(face_as_jpeg(str(tmp_path / "a.png"), (0, 0, 40, 40), 160)))
    assert made.size == (50, 50)


def test_thumbnails_are_bounded_and_the_oldest_go(tmp_path: Path) -> None:
    cache = Thumbnails(tmp_path / "cache", max_bytes=1000)
    status = os.stat(tmp_path)
    paths = [cache.path_for(b"/photo", status, str(number)) for number in range(10)]
    for number, path in enumerate(paths):
        cache.keep(path, bytes(200))
        if path.exists():
            os.utime(path, (number, number))
    kept = [path for path in paths if cache.read(path) is not None]
    assert sum(path.stat().st_size for path in kept) <= 1000
    assert paths[-1] in kept
    assert paths[0] not in kept


def test_only_the_owner_can_read_thumbnails(tmp_path: Path) -> None:
    cache = Thumbnails(tmp_path / "new" / "cache")
    path = cache.path_for(b"/photo", os.stat(tmp_path), "320")
    cache.keep(path, b"picture")
    assert cache.read(path) == b"picture"
    assert (tmp_path / "new" / "cache").stat().st_mode & 0o077 == 0


def test_a_changed_file_has_another_thumbnail(tmp_path: Path) -> None:
    cache, photo = Thumbnails(tmp_path / "cache"), tmp_path / "a.jpg"
    photo.write_bytes(b"1")
    before = cache.path_for(os.fsencode(photo), photo.stat(), "320")
    photo.write_bytes(b"22")
    assert cache.path_for(os.fsencode(photo), photo.stat(), "320") != before


def test_a_crashing_decoder_costs_one_picture(tmp_path: Path) -> None:
    maker = PictureMaker(Thumbnails(tmp_path / "cache"))
    (tmp_path / "good.png").write_bytes(encoded(patches(), "PNG"))

    async def both() -> tuple[bytes | None, bytes | None]:
        crashed = maker._picture(os.fsencode(tmp_path / "good.png"), "crash", _crash)
        fine = maker._picture(
            os.fsencode(tmp_path / "good.png"), "100", photo_as_jpeg, str(tmp_path / "good.png"), 100
        )
        return await crashed, await fine

    try:
        crashed, fine = run_apart(both())
    finally:
        maker.close()
    assert crashed is None
    assert fine is not None


def test_slow_pictures_do_not_block_others(tmp_path: Path) -> None:
    """Three pictures that never end, in a pool of one process, and one that is made at once."""
    pool = PicturePool(1)
    (tmp_path / "good.png").write_bytes(encoded(patches(), "PNG"))

    async def last() -> bytes:
        slow = [asyncio.create_task(pool.run(_hang)) for _ in range(3)]
        await asyncio.sleep(0)
        made = await pool.run(photo_as_jpeg, str(tmp_path / "good.png"), 100)
        assert not any(one.done() for one in slow)
        pool.close()
        await asyncio.gather(*slow, return_exceptions=True)
        return made

    assert run_apart(last()).startswith(b"\xff\xd8")


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_a_frame_of_an_hdr_video_has_the_colours_that_mining_sees(tmp_path: Path, transfer: str) -> None:
    path = make_hdr_chart(tmp_path / "v.mkv", transfer, "-c:v", "ffv1")
    made = Image.open(io.BytesIO(frame_as_jpeg(str(path), 0.0, (320, 192), 320)))
    assert np.abs(patches_in(np.asarray(made)) - PATCHES).max() <= 18


def test_a_frame_is_of_the_stream_that_is_mined(tmp_path: Path) -> None:
    """The first stream is disabled, as a camera's preview is."""
    path = tmp_path / "v.mp4"
    streams = ("-f", "lavfi", "-i", "color=red:size=64x48", "-f", "lavfi", "-i", "color=blue:size=128x96")
    choice = ("-map", "0", "-map", "1", "-disposition:v:0", "0", "-disposition:v:1", "default")
    ffmpeg(*streams, *choice, "-frames:v", "5", "-c:v", "libx264", "-pix_fmt", "yuv420p", path)
    made = Image.open(io.BytesIO(frame_as_jpeg(str(path), 0.0, (128, 96), 128)))
    red, _, blue = made.getpixel((64, 48))  # type: ignore[misc]
    assert blue > 200 > 60 > red


def test_a_frame_of_an_animated_picture(tmp_path: Path) -> None:
    colours = [Image.new("RGB", (64, 48), colour) for colour in ("red", "lime", "blue")]
    path = tmp_path / "a.gif"
    colours[0].save(path, save_all=True, append_images=colours[1:], duration=500)
    made = Image.open(io.BytesIO(frame_as_jpeg(str(path), 0.6, (64, 48), 64)))
    assert made.getpixel((32, 24))[1] > 200  # type: ignore[index]


def _hang() -> bytes:
    signal.pause()
    return b""


def _crash() -> bytes:
    os.kill(os.getpid(), signal.SIGSEGV)
    return b""


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def test_a_photo_of_nearly_200_megapixels_is_shown(tmp_path: Path) -> None:
    """Pillow itself refuses more than 179 megapixels."""
    Image.new("L", (14_000, 14_000), 120).save(tmp_path / "a.jpg", quality=50)
    pool = PicturePool(1)
    try:
        content = run_apart(pool.run(photo_as_jpeg, str(tmp_path / "a.jpg"), 400))
    finally:
        pool.close()
    assert Image.open(io.BytesIO(content)).size == (400, 400)
