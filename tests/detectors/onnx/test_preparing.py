"""Where a picture lies on an input, and the numbers that its pixels become."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.onnx.family import Preparation
from detectors.onnx.modelinfo import Port
from detectors.onnx.preparing import Fitting, fit, prepare
from pipeline.detections import Box
from pipeline.frame import Frame

FLOATS = Port("images", "float32", (1, 3, 4, 4))


@pytest.mark.parametrize(
    ("size_wh", "placing", "stride", "input_wh", "fitted_wh", "corner"),
    [
        ((640, 480), "center", 0, (640, 640), (640, 480), (0, 80)),
        ((640, 480), "center", 32, (640, 480), (640, 480), (0, 0)),
        ((500, 333), "center", 32, (640, 448), (640, 426), (0, 11)),
        ((333, 500), "center", 0, (640, 640), (426, 640), (107, 0)),
        ((333, 500), "corner", 0, (640, 640), (426, 640), (0, 0)),
        ((333, 500), "stretch", 0, (640, 640), (640, 640), (0, 0)),
        ((333, 500), "fit", 0, (426, 640), (426, 640), (0, 0)),
        ((60_000, 1), "center", 32, (640, 32), (640, 1), (0, 15)),
        ((1, 60_000), "corner", 0, (640, 640), (1, 640), (0, 0)),
        ((333, 500), "corner", 32, (448, 640), (426, 640), (0, 0)),
        ((60_000, 1), "corner", 32, (640, 32), (640, 1), (0, 0)),
        ((1, 1), "fit", 0, (640, 640), (640, 640), (0, 0)),
    ],
)
def test_places(size_wh, placing, stride, input_wh, fitted_wh, corner):
    fitting = fit(size_wh, (640, 640), placing, stride)
    assert (fitting.input_wh, fitting.fitted_wh, (fitting.left, fitting.top)) == (input_wh, fitted_wh, corner)


@pytest.mark.parametrize("placing", ["center", "corner", "stretch", "fit"])
def test_boxes_come_back_to_where_they_were(placing):
    fitting = fit((1234, 777), (640, 416), placing)
    scale = np.array(fitting.scale_xy * 2)
    picture = np.array([(0, 0, 1234, 777), (100.5, 200.25, 300, 400)], dtype=np.float32)
    on_input = picture * scale + np.array((fitting.left, fitting.top) * 2)
    assert np.allclose(fitting.to_picture(on_input.astype(np.float32)), picture, atol=1e-3)


def pixels(preparation: Preparation, port: Port = FLOATS, batch: int = 1) -> np.ndarray:
    rgb = np.zeros((2, 4, 3), dtype=np.uint8)
    rgb[...] = (255, 51, 0)
    frame = Frame.from_rgb(rgb)
    return prepare(frame, [(frame.whole, fit((4, 2), (4, 4), preparation.placing))], preparation, port, batch)


def test_order_scale_and_padding_of_the_families():
    ultralytics = pixels(Preparation())
    assert ultralytics.shape == (1, 3, 4, 4)
    assert np.allclose(ultralytics[0, :, 1, 1], (1, 0.2, 0))
    assert np.allclose(ultralytics[0, :, 0, 0], 114 / 255)
    yolox = pixels(Preparation(bgr=True, scale=1.0, placing="corner"))
    assert yolox[0, :, 0, 0].tolist() == [0, 51, 255]
    assert yolox[0, :, 3, 3].tolist() == [114, 114, 114]
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    rfdetr = pixels(Preparation(placing="stretch", mean=mean, deviation=deviation))
    expected = (np.array((1, 0.2, 0)) - mean) / deviation
    assert np.allclose(rfdetr[0].transpose(1, 2, 0), expected, atol=1e-6)


def test_the_type_and_the_order_of_sides_are_the_inputs():
    ssd = pixels(Preparation(scale=1.0, placing="corner"), Port("image_tensor:0", "uint8", (1, 4, 4, 3)))
    assert (ssd.shape, ssd.dtype) == ((1, 4, 4, 3), np.uint8)
    assert ssd[0, 0, 0].tolist() == [255, 51, 0]
    half = pixels(Preparation(), Port("images", "float16", (1, 3, 4, 4)))
    assert half.dtype == np.float16


def test_what_is_left_of_a_batch_is_padding():
    batch = pixels(Preparation(), batch=3)
    assert batch.shape == (3, 3, 4, 4)
    assert np.allclose(batch[1:], 114 / 255)


def test_a_region_is_cut_from_the_full_size_picture():
    rgb = np.zeros((40, 40, 3), dtype=np.uint8)
    rgb[10:20, 20:30] = 255
    frame = Frame.from_rgb(rgb)
    fitting = Fitting((10, 10), (10, 10), 0, 0, (1.0, 1.0))
    assert (prepare(frame, [(Box(20, 10, 30, 20), fitting)], Preparation(), FLOATS, 1) == 1).all()
