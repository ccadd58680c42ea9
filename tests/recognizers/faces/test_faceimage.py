from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.detections import Box
from recognizers.faces.faceimage import fitted, looks_equalized, model_face, scaled, with_margin
from recognizers.faces.fit import Fit


def test_shrinking_averages_and_enlarging_is_smooth():
    stripes = np.tile(np.array([0, 255], np.uint8), (40, 40))
    assert np.ptp(scaled(stripes, (10, 10))) <= 1
    ramp = np.tile(np.arange(0, 200, 20, dtype=np.uint8), (4, 1))
    enlarged = scaled(ramp, (100, 40)).astype(int)
    assert np.abs(np.diff(enlarged[20])).max() <= 4
    assert enlarged.shape == (40, 100)


def test_one_axis_may_shrink_while_the_other_grows():
    pixels = np.zeros((10, 100, 3), np.uint8)
    pixels[:, 50:] = 200
    out = scaled(pixels, (20, 30))
    assert out.shape == (30, 20, 3)
    assert out[15, 4].tolist() == [0, 0, 0]
    assert out[15, 15].tolist() == [200, 200, 200]


@pytest.mark.parametrize("size_wh", [(1, 1), (7, 3), (64, 64)])
@pytest.mark.parametrize("fit", list(Fit))
@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (30, 40)])
def test_any_shape_comes_to_any_size(shape, fit, size_wh):
    gray = np.full(shape, 77, np.uint8)
    assert fitted(gray, size_wh, fit).shape == size_wh[::-1]
    assert model_face(gray, size_wh, equalize=True, fit=fit).shape == size_wh[::-1]


def test_crop_keeps_the_middle_and_pad_keeps_everything():
    gray = np.full((20, 60), 50, np.uint8)
    gray[:, 20:40] = 200
    assert (fitted(gray, (20, 20), Fit.CROP) == 200).all()
    padded = fitted(gray, (30, 30), Fit.PAD)
    assert (padded[:10] == 0).all()
    assert (padded[20:] == 0).all()
    assert (padded[11:19, 12:18] == 200).all()
    assert (padded[11:19, :8] == 50).all()


def test_equalizing_comes_before_scaling_as_in_2017(face):
    gray = np.asarray(face(3, 1))
    expected = scaled(cv2.equalizeHist(gray), (40, 48))
    assert (model_face(gray, (40, 48), equalize=True, fit=Fit.STRETCH) == expected).all()


def test_equalized_pictures_are_told_by_their_brightness(face):
    grays = [np.asarray(face(person, picture)) for person in range(6) for picture in range(3)]
    assert not looks_equalized(np.array([gray.mean() for gray in grays]))
    assert looks_equalized(np.array([cv2.equalizeHist(gray).mean() for gray in grays]))


def test_a_margin_grows_each_side():
    assert with_margin(Box(100, 50, 200, 100), 0.1) == Box(90, 45, 210, 105)
    assert with_margin(Box(3, 3, 5, 5), 0.0) == Box(3, 3, 5, 5)
