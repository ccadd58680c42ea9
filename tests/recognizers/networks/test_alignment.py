from __future__ import annotations

import cv2
import numpy as np
import pytest

from recognizers.faces.faceimage import fitted
from recognizers.faces.fit import Fit
from recognizers.networks.alignment import (
    ARCFACE_TEMPLATE,
    aligned,
    moved,
    points_of,
    similarity,
    template,
    template_in,
)


def turned(degrees: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    angle = np.radians(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack((turn, shift))


@pytest.mark.parametrize("degrees", [0, 30, -75, 180])
@pytest.mark.parametrize("scale", [0.2, 1.0, 17.0])
def test_a_similarity_is_found_again(degrees, scale):
    matrix = turned(degrees, scale, (-31.5, 400.25))
    assert np.allclose(similarity(ARCFACE_TEMPLATE, moved(matrix, ARCFACE_TEMPLATE)), matrix)


def test_it_is_the_nearest_one_where_none_fits():
    """Against OpenCV's solver over a fine grid of other similarities."""
    random = np.random.default_rng(3)
    points, target = random.normal(0, 30, (5, 2)), random.normal(0, 30, (5, 2))
    best = similarity(points, target)
    cost = ((moved(best, points) - target) ** 2).sum()
    for row, column in np.ndindex(2, 3):
        for step in (-0.01, 0.01):
            other = best.copy()
            other[row, column] += step
            if column < 2:  # the other half of a turn
                other[1 - row, 1 - column] += step * (1 if row == column else -1)
            assert ((moved(other, points) - target) ** 2).sum() > cost


def dots(points: np.ndarray, size_wh: tuple[int, int], radius: float) -> np.ndarray:
    """A black picture with a white dot at each point."""
    width, height = size_wh
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    near = [np.hypot(x - px, y - py) < radius for px, py in points]
    return np.repeat(np.any(near, axis=0)[:, :, None], 3, axis=2).astype(np.uint8) * 255


def middles(picture: np.ndarray) -> np.ndarray:
    """The middles of the white dots, sorted."""
    _, _, _, found = cv2.connectedComponentsWithStats((picture[:, :, 0] > 90).astype(np.uint8))
    return np.array(sorted(found[1:].tolist()))


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1.0), (25, 1.7), (-40, 6.0), (90, 0.8)])
def test_landmarks_come_to_the_template(degrees, scale):
    size_wh = (900, 800)
    face = moved(turned(degrees, scale, (450, 400)), ARCFACE_TEMPLATE - ARCFACE_TEMPLATE.mean(axis=0))
    square = aligned(dots(face, size_wh, 3 * scale), face, 200, 0.1)
    assert square.shape == (200, 200, 3)
    assert np.allclose(middles(square), sorted(template(200, 0.1).tolist()), atol=1.0)


def test_the_template_is_arcfaces_at_its_own_size():
    assert np.allclose(template(112, 0.0), ARCFACE_TEMPLATE)
    assert np.allclose(template(134.4, 0.1), ARCFACE_TEMPLATE + 11.2)


def test_what_lies_outside_is_black():
    white = np.full((100, 100, 3), 255, np.uint8)
    square = aligned(white, template(112, 0.0) + np.array((60, 0)), 112, 0.0)
    assert square[50, 10].tolist() == [255] * 3
    assert square[50, 80].tolist() == [0] * 3
    assert aligned(white, template(112, 0.0) + np.array((5000, 0)), 112, 0.0).max() == 0


def test_a_large_face_is_averaged():
    """Every second pixel is white: a picked pixel were white or black."""
    stripes = np.zeros((2240, 2240, 3), np.uint8)
    stripes[:, ::2] = 255
    square = aligned(stripes, template(2240, 0.0), 112, 0.0)
    assert np.abs(square[5:-5, 5:-5].astype(int) - 127).max() < 4


def test_a_face_comes_out_the_same_each_time(face):
    rgb = np.asarray(face(3, 1).convert("RGB"))
    points: np.ndarray = template(96, 0.0) + np.array((1.5, -2.0))
    assert (aligned(rgb, points, 200, 0.1) == aligned(rgb.copy(), points.copy(), 200, 0.1)).all()


@pytest.mark.parametrize(
    "landmarks",
    [
        None,
        (),
        ((1, 2),) * 4,
        ((7, 7),) * 5,
        ((0, 0), (10, 0), (5, 5), (2, 8), (2_000_000, 8)),
    ],
)
def test_what_is_no_face_has_no_points(landmarks):
    assert points_of(landmarks) is None


def test_landmarks_outside_of_the_photo_are_points():
    assert points_of(((-30, 5), (-10, 5), (-20, 15), (-28, 25), (-12, 25))).shape == (5, 2)


@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("size_wh", [(200, 200), (100, 100), (92, 112), (150, 90)])
def test_where_the_points_are_in_a_resized_picture(fit, size_wh):
    square = dots(template(200, 0.1), (200, 200), 6)
    found = middles(fitted(square, size_wh, fit))
    assert np.allclose(found, sorted(template_in(size_wh, 0.1, fit).tolist()), atol=1.2)
