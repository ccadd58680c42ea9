"""Findings as bytes: what is read is what was written, and damage is noticed."""

from __future__ import annotations

import random
import struct

import pytest

from pipeline.detections import Box, Detection, Label
from pipeline.kept.codec import CodecError, decode, encode
from pipeline.kept.findings import ANY_LEVEL, Findings, FrameFindings

OBJECTS, FACES, NAMES = b"objects.", b"faces...", b"names..."


def float32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def some_detection(rng: random.Random) -> Detection:
    x, y = rng.randrange(70_000), rng.randrange(5_000)
    labels = tuple(
        Label(
            rng.choice(("person", "žába", "\udce9", "unknown")),
            rng.choice((None, 0.1, float32(rng.random()), 1.0)),
            rng.choice((None, "embedding", "eigen")),
            rng.choice((None, rng.random(), 5e300)),
        )
        for _ in range(rng.randrange(3))
    )
    points = tuple((x + rng.randrange(-300, 300), y + rng.randrange(-300, 300)) for _ in range(5))
    box = Box(x, y, x + rng.randrange(1, 4_000), y + rng.randrange(1, 4_000))
    return Detection(box, labels, rng.choice((None, (), points)))


def some_frame(rng: random.Random, index: int = 0) -> FrameFindings:
    regions = rng.randbytes(8)
    return FrameFindings(
        {
            OBJECTS: Findings(0.25, regions, tuple(some_detection(rng) for _ in range(rng.randrange(6)))),
            FACES: Findings(ANY_LEVEL, regions, (), is_rounded=True),
            NAMES: Findings(ANY_LEVEL, regions, described={rng.randbytes(8): rng.randbytes(512)}),
        },
        index,
    )


@pytest.mark.parametrize("frames", [0, 1, 2, 300])
def test_what_is_read_is_what_was_written(frames: int) -> None:
    rng = random.Random(frames)
    written = [some_frame(rng, 7 * number) for number in range(frames)]
    assert decode(encode(written)) == written


def test_a_component_without_findings_in_one_frame_is_left_out() -> None:
    whole, lacking = some_frame(random.Random(1)), some_frame(random.Random(2))
    lacking = FrameFindings({key: one for key, one in lacking.of.items() if key != NAMES})
    (first, second) = decode(encode([whole, lacking]))
    assert first.of.keys() == second.of.keys() == {OBJECTS, FACES}


def test_findings_at_two_thresholds_are_left_out() -> None:
    at = [FrameFindings({OBJECTS: Findings(level, b"regions.")}) for level in (0.2, 0.3)]
    assert [frame.of for frame in decode(encode(at))] == [{}, {}]


def test_a_plugins_landmarks_between_pixels_are_not_kept() -> None:
    between = Detection(Box(0, 0, 9, 9), (), ((0.5, 1.5),))  # type: ignore[arg-type]
    frame = FrameFindings(
        {OBJECTS: Findings(0.2, b"regions.", (between,)), FACES: Findings(0.2, b"regions.")}
    )
    assert decode(encode([frame]))[0].of.keys() == {FACES}


def test_every_damage_is_noticed() -> None:
    rng = random.Random(7)
    chunk = encode([some_frame(rng)])
    for cut in range(len(chunk)):
        with pytest.raises(CodecError):
            decode(chunk[:cut])
    for _ in range(500):
        damaged = bytearray(chunk)
        damaged[rng.randrange(len(chunk))] ^= 1 << rng.randrange(8)
        with pytest.raises(CodecError):
            decode(bytes(damaged))


def test_a_photo_with_five_detections_takes_few_bytes() -> None:
    person = Detection(Box(100, 200, 900, 1_200), (Label("person", float32(0.87)),))
    face = Detection(Box(300, 300, 400, 420), (Label("face", float32(0.9)),), ((320, 330),) * 5)
    findings = {
        OBJECTS: Findings(0.25, b"regions.", (person,) * 3),
        FACES: Findings(0.6, b"regions.", (face,) * 2),
    }
    assert len(encode([FrameFindings(findings)])) < 180
