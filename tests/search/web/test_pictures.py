from __future__ import annotations

import io
import os
import signal
from pathlib import Path

import pytest
from PIL import Image

from pipeline.errors import SourceError
from search.web.picturemaker import PictureMaker
from search.web.pictures import face_as_jpeg, photo_as_jpeg
from search.web.thumbnails import Thumbnails
from tests.pictures import encoded, patches
from tests.search.web.conftest import run_apart


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


def _crash() -> bytes:
    os.kill(os.getpid(), signal.SIGSEGV)
    return b""


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif
