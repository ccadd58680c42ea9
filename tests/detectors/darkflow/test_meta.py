from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from detectors.darkflow.meta import read_meta
from detectors.darknet.heads import DetectionHead, Region
from detectors.darknet.layers import Shape
from pipeline.errors import ModelError

HERE = Path(__file__).parent
REGION = json.loads((HERE / "region.meta").read_bytes())
DETECTION = json.loads((HERE / "detection.meta").read_bytes())


def write(folder: Path, meta: Any) -> Path:
    path = folder / "a.meta"
    path.write_text(meta if isinstance(meta, str) else json.dumps(meta))
    return path


def test_reads_a_region() -> None:
    network, labels = read_meta(HERE / "region.meta")
    assert network.shape == Shape(64, 96, 3)
    ((_, head),) = network.heads
    assert head == Region(1, Shape(16, 24, 14), ((0.57, 0.67), (1.87, 2.06)), 2, softmax=True)
    assert labels == ("this", "that")


def test_reads_a_detection() -> None:
    network, _ = read_meta(HERE / "detection.meta")
    ((_, head),) = network.heads
    assert head == DetectionHead(1, Shape(1, 1, 108), 3, 2, 2, square_root=True, softmax=False)


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ("", "is not the JSON that Darkflow saves beside a .pb"),
        ("[1, 2]", "is not the JSON that Darkflow saves beside a .pb"),
        ("[" * 100_000, "is not the JSON that Darkflow saves beside a .pb"),
        (REGION | {"type": "[yolo]"}, '"type" is "[yolo]"; expected "[region]" or "[detection]"'),
        (REGION | {"type": ["[region]"]}, '"type" is ["[region]"]; expected'),
        (
            REGION | {"inp_size": [0, 64, 3]},
            '"inp_size" is [0, 64, 3]; expected 3 whole number(s) from 1 to 4096',
        ),
        (REGION | {"inp_size": [64, 10**9, 3]}, '"inp_size" is [64, 1000000000, 3]; expected'),
        (REGION | {"out_size": 5}, '"out_size" is 5; expected 3 whole number(s)'),
        (REGION | {"out_size": [16, 24, 15]}, "[region]: needs 14 channels (2 boxes x (2 classes + 5))"),
        (REGION | {"anchors": [1, 2, 3]}, "[region]: anchors has 3 numbers; expected 4"),
        (REGION | {"classes": "many"}, '[region]: classes is "many"; expected a whole number'),
        (REGION | {"coords": 5}, "[region]: coords=5 is not supported"),
        (REGION | {"tree": "9k.tree"}, "[region]: a tree of classes is not supported in a .pb"),
        (REGION | {"labels": ["one"]}, "1 labels for 2 classes"),
        (REGION | {"labels": [1, 2]}, '"labels" is no list of names'),
        (REGION | {"labels": None}, '"labels" is no list of names'),
        (DETECTION | {"side": 4}, "[detection]: needs 192 numbers (4 x 4 cells x (2 boxes x 5 + 2 classes))"),
        (DETECTION | {"out_size": [1, 2]}, '"out_size" is [[1, 2]]; expected 1 whole number(s)'),
    ],
)
def test_says_what_is_wrong(meta: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        read_meta(write(tmp_path, meta))
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/a.meta")
    assert "\n" not in str(caught.value)


def test_a_damaged_meta_is_one_error_or_a_network(tmp_path: Path) -> None:
    rng = random.Random(5)
    for _ in range(300):
        content = bytearray((HERE / rng.choice(["region.meta", "detection.meta"])).read_bytes())
        for _ in range(rng.randint(1, 4)):
            content[rng.randrange(len(content))] = rng.choice(b'0123456789"[]{},:-e \xff')
        path = tmp_path / "a.meta"
        path.write_bytes(content)
        try:
            read_meta(path)
        except ModelError as error:
            assert "\n" not in str(error)
