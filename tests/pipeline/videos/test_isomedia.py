"""Boxes of MP4 files, hostile ones too."""

from __future__ import annotations

import random
import struct
from fractions import Fraction
from pathlib import Path

from pipeline.videos.isomedia import Gap, Track, read_track
from tests.isomedia import Movie, box
from tests.videos import ffmpeg, make_video

X264 = ("-c:v", "libx264", "-preset", "ultrafast")


def test_what_a_track_says(tmp_path: Path) -> None:
    path = make_video(tmp_path / "v.mp4", *X264, frames=20, filters=["setsar=4/3"])
    movie = Movie(path)
    movie.set_matrix(0, 1, 1, 0)
    movie.set_edits([(200, -1), (300, 0), (100, -1), (100, -1), (200, 5000)])
    track = read_track(str(movie.save()), 1)
    assert track == Track(
        1,
        is_mirrored=True,
        rotation=270,
        has_pixel_aspect=True,
        gaps=(Gap(Fraction(1, 2), Fraction(3, 5)), Gap(Fraction(3, 5), Fraction(7, 10))),
        tick_s=Fraction(1, 1000),
    )


def test_fragmented_files_and_times_of_64_bits(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    encoding = (*X264, "-movflags", "frag_keyframe+empty_moov", "-frames:v", "20")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x64", *encoding, path)
    track = read_track(str(path), 1)
    assert track is not None
    assert (track.is_mirrored, track.rotation, track.gaps) == (False, 0, ())
    assert read_track(str(path), 2) is None


def test_other_files_have_no_tracks(tmp_path: Path) -> None:
    assert read_track(str(tmp_path / "none.mp4"), 1) is None
    for content in (b"", b"\0", bytes(1000), b"\0\0\0\1moov", box(b"moov", box(b"trak", box(b"tkhd", b"")))):
        (tmp_path / "v.mp4").write_bytes(content)
        assert read_track(str(tmp_path / "v.mp4"), 1) is None


def test_endless_boxes_and_edits_end(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(box(b"free", b"") * 100_000)
    assert read_track(str(path), 1) is None
    header = struct.pack(">3I", 0, 0, 0) + struct.pack(">I", 1) + bytes(80)
    edits = box(b"elst", struct.pack(">2I", 0, 0xFFFFFFFF) + struct.pack(">Ii4x", 1, -1) * 100_000)
    movie = box(b"moov", box(b"trak", box(b"tkhd", header) + box(b"edts", edits)))
    path.write_bytes(movie)
    assert read_track(str(path), 1) is not None


def test_damage_anywhere_is_survived(tmp_path: Path) -> None:
    content = make_video(tmp_path / "whole.mp4", *X264, "-movflags", "+faststart", frames=5).read_bytes()
    index = content.index(b"mdat")
    chance, path = random.Random(7), tmp_path / "v.mp4"
    for _ in range(500):
        damaged = bytearray(content)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(index)] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        path.write_bytes(damaged[: chance.choice((len(damaged), chance.randrange(len(damaged))))])
        assert isinstance(read_track(str(path), 1), Track | None)
