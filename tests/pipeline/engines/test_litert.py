from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from detectors.darknet.cfg import parse_cfg
from detectors.darknet.compile import compile_network
from pipeline.engines.litert import LiteRtEngine
from pipeline.errors import ModelError
from tests.detectors.darknet.networks import (
    conv,
    engine,
    head_conv,
    net,
    picture,
    route,
    section,
    write_network,
    yolo,
)

TEXT = net(32, 32) + conv(4) + head_conv() + yolo()


def test_runs_a_file_whose_path_is_not_utf8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    path = folder / "a.tflite"
    path.write_bytes(compile_network(*write_network(tmp_path, TEXT), "float32"))
    image = picture(parse_cfg(TEXT, "a.cfg"))
    (found,) = LiteRtEngine(path).run(image)
    assert (found == engine(TEXT).run(image)[0]).all()


@pytest.mark.parametrize("content", [b"", b"no network", b"\x1c\0\0\0TFL3" + b"\xff" * 400])
def test_refuses_a_damaged_file_in_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        LiteRtEngine(path)
    assert str(caught.value).startswith(f"{path}: cannot be run (")
    assert str(caught.value).endswith("); delete it to have it made again")
    assert "\n" not in str(caught.value)


def test_outputs_come_in_the_order_of_the_heads() -> None:
    """More heads than ten, so that an order by name would show; each tells its number by its values."""
    heads = "".join(route(0) + conv(24 + 8 * n, 1, bn=0, act="linear") + head_of(3 + n) for n in range(12))
    text = net(32, 32) + conv(4) + heads
    network = parse_cfg(text, "a.cfg")
    outputs = engine(text).run(picture(network))
    assert [output.shape[1:] for output in outputs] == [head.shape for _, head in network.heads]


def head_of(boxes: int) -> str:
    anchors = ",".join("4,5" for _ in range(boxes))
    return f"[yolo]\nnum={boxes}\nanchors={anchors}\nclasses=3\n"


def test_an_output_is_not_overwritten_by_the_next_run() -> None:
    network = parse_cfg(TEXT, "a.cfg")
    first = engine(TEXT).run(picture(network))[0]
    kept = first.copy()
    engine(TEXT).run(np.zeros_like(picture(network)))
    assert (first == kept).all()


def test_is_set_up_for_the_least_input_where_it_may_have_any_size(tmp_path: Path) -> None:
    """What is forked off this process has less to copy."""
    path = tmp_path / "a.tflite"
    path.write_bytes(compile_network(*write_network(tmp_path, TEXT), "float32"))
    shapes = [
        LiteRtEngine(path, stride)._interpreter.get_input_details()[0]["shape"].tolist()
        for stride in (None, 1)
    ]
    assert shapes == [[1, 32, 32, 3], [1, 1, 1, 3]]


def test_a_size_that_it_cannot_take_costs_no_other_picture(tmp_path: Path) -> None:
    text = (
        net(32, 32)
        + conv(4)
        + conv(4, 3, 2)
        + section("upsample", stride=2)
        + route(-1, 0)
        + head_conv()
        + yolo()
    )
    image = picture(parse_cfg(text, "a.cfg"))
    path = tmp_path / "a.tflite"
    path.write_bytes(compile_network(*write_network(tmp_path, text), "float32"))
    running = LiteRtEngine(path, 2)
    expected = running.run(image)[0]
    for _ in range(2):
        with pytest.raises(MemoryError):
            running.run(np.zeros((1, 31, 31, 3), np.float32))
        assert (running.run(image)[0] == expected).all()
