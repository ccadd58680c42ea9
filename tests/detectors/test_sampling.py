from __future__ import annotations

import cv2
import numpy as np
import pytest

from detectors.boxes import Placement
from detectors.sampling import Resize, sample
from pipeline.detections import Box
from pipeline.frame import Frame


def gradient(width: int, height: int) -> np.ndarray:
    """Red grows to the right, green downwards, blue is 40."""
    x = np.linspace(0, 255, width)[None, :] * np.ones((height, 1))
    y = np.linspace(0, 255, height)[:, None] * np.ones((1, width))
    return np.stack((x, y, np.full_like(x, 40)), axis=2).round().astype(np.uint8)


@pytest.mark.parametrize("resize", ["letterbox", "darknet"])
def test_letterboxes_in_the_middle_on_gray(resize: Resize) -> None:
    frame = Frame.from_rgb(gradient(200, 100))
    pixels, place = sample(frame, frame.whole, (64, 48), resize)
    assert pixels.shape == (1, 48, 64, 3)
    assert pixels.dtype == np.float32
    assert place == Placement(64, 32, 0, 8)
    assert (pixels[0, :8] == 0.5).all()
    assert (pixels[0, 40:] == 0.5).all()
    inside = pixels[0, 8:40]
    assert np.allclose(inside[..., 2], 40 / 255, atol=1e-6)
    assert np.abs(inside[:, :, 0] - np.linspace(0, 1, 64)).max() < 0.02
    assert np.abs(inside[:, :, 1] - np.linspace(0, 1, 32)[:, None]).max() < 0.02


@pytest.mark.parametrize("size_wh", [(200, 100), (100, 200), (90, 90), (1, 300)])
def test_a_letterbox_without_empty_cells_is_a_part_of_the_whole_one(size_wh: tuple[int, int]) -> None:
    frame = Frame.from_rgb(gradient(*size_wh))
    whole, place = sample(frame, frame.whole, (96, 96), "letterbox")
    cut, cut_place = sample(frame, frame.whole, (96, 96), "letterbox", 16)
    left, top = int(place.left - cut_place.left), int(place.top - cut_place.top)
    assert left % 16 == top % 16 == 0
    assert (cut == whole[:, top : top + cut.shape[1], left : left + cut.shape[2]]).all()
    outside = np.ones(whole.shape[:3], dtype=bool)
    outside[:, top : top + cut.shape[1], left : left + cut.shape[2]] = False
    assert (whole[outside] == 0.5).all()


@pytest.mark.parametrize("resize", ["stretch", "darknet"])
def test_only_a_letterbox_is_cut(resize: Resize) -> None:
    frame = Frame.from_rgb(gradient(200, 100))
    assert sample(frame, frame.whole, (96, 96), resize, 16)[0].shape == (1, 96, 96, 3)


def test_stretches() -> None:
    frame = Frame.from_rgb(gradient(200, 100))
    pixels, place = sample(frame, frame.whole, (64, 48), "stretch")
    assert place == Placement(64, 48, 0, 0)
    assert np.abs(pixels[0, :, :, 0] - np.linspace(0, 1, 64)).max() < 0.02
    assert np.abs(pixels[0, :, :, 1] - np.linspace(0, 1, 48)[:, None]).max() < 0.02


@pytest.mark.parametrize("resize", ["letterbox", "stretch", "darknet"])
def test_looks_into_the_region_alone(resize: Resize) -> None:
    rgb = np.zeros((90, 120, 3), np.uint8)
    rgb[30:60, 40:80] = (10, 200, 90)
    pixels, place = sample(Frame.from_rgb(rgb), Box(40, 30, 80, 60), (64, 64), resize)
    inside = pixels[0, int(place.top) : int(place.top) + place.height]
    assert np.allclose(inside, np.array((10, 200, 90)) / 255, atol=1e-6)


@pytest.mark.parametrize("resize", ["letterbox", "stretch", "darknet"])
@pytest.mark.parametrize("size_wh", [(1, 1), (1, 500), (500, 1), (3, 2), (2, 900)])
def test_takes_the_smallest_and_the_narrowest(resize: Resize, size_wh: tuple[int, int]) -> None:
    frame = Frame.from_rgb(gradient(*size_wh))
    pixels, place = sample(frame, frame.whole, (32, 32), resize)
    assert pixels.shape == (1, 32, 32, 3)
    assert np.isfinite(pixels).all()
    assert min(place.width, place.height) >= 1


@pytest.mark.parametrize(
    ("size_wh", "input_wh"), [((23, 17), (64, 64)), ((211, 97), (64, 48)), ((64, 64), (64, 64))]
)
def test_darknets_sampling_pixel_by_pixel(size_wh: tuple[int, int], input_wh: tuple[int, int]) -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (*size_wh[::-1], 3)).astype(np.uint8)
    frame = Frame.from_rgb(rgb)
    pixels, place = sample(frame, frame.whole, input_wh, "darknet")
    left, top = (input_wh[0] - place.width) // 2, (input_wh[1] - place.height) // 2
    for row in range(place.height):
        for column in range(place.width):
            y, x = row * (size_wh[1] - 1) / (place.height - 1), column * (size_wh[0] - 1) / (place.width - 1)
            y0, x0 = min(int(y + 1e-6), size_wh[1] - 1), min(int(x + 1e-6), size_wh[0] - 1)
            y1, x1 = min(y0 + 1, size_wh[1] - 1), min(x0 + 1, size_wh[0] - 1)
            above = rgb[y0, x0] * (1 - (x - x0)) + rgb[y0, x1] * (x - x0)
            below = rgb[y1, x0] * (1 - (x - x0)) + rgb[y1, x1] * (x - x0)
            expected = (above * (1 - (y - y0)) + below * (y - y0)) / 255
            assert np.allclose(pixels[0, top + row, left + column], expected, atol=1e-3)


def test_darknet_takes_boxes_back_by_the_exact_middle() -> None:
    frame = Frame.from_rgb(gradient(100, 33))
    _, place = sample(frame, frame.whole, (64, 64), "darknet")
    assert place == Placement(64, 21, 0.0, 21.5)


def test_asks_for_no_more_pixels_than_the_input_needs() -> None:
    asked: list[tuple[int, int]] = []

    def decode(size_wh: tuple[int, int]) -> np.ndarray:
        asked.append(size_wh)
        return gradient(*size_wh)

    frame = Frame((4000, 3000), decode)
    sample(frame, frame.whole, (416, 416), "letterbox")
    assert asked == [(416, 312)]
    sample(frame, frame.whole, (416, 416), "darknet")
    assert asked[1:] == [(4000, 3000)]


def test_averages_where_it_shrinks_much() -> None:
    checks = np.indices((400, 400)).sum(axis=0) % 2 * 255
    frame = Frame.from_rgb(np.repeat(checks[..., None], 3, axis=2).astype(np.uint8))
    pixels, _ = sample(frame, frame.whole, (32, 32), "letterbox")
    assert np.abs(pixels - 0.5).max() < 0.01


def test_leaves_pixels_of_the_right_size_alone() -> None:
    rgb = cv2.cvtColor(gradient(32, 32), cv2.COLOR_RGB2BGR)
    pixels, _ = sample(Frame.from_rgb(rgb), Box(0, 0, 32, 32), (32, 32), "letterbox")
    assert np.abs(pixels[0] * 255 - rgb).max() < 1e-3
