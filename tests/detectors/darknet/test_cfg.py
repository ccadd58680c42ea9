from __future__ import annotations

import os
import random
import tracemalloc
from pathlib import Path

import pytest

from detectors.darknet.cfg import parse_cfg, read_cfg
from detectors.darknet.heads import Region, Yolo
from detectors.darknet.layers import Convolutional, MaxPool, Reorg, Shape
from detectors.darknet.networkcfg import NetworkCfg
from pipeline.errors import ModelError
from tests.detectors.darknet.networks import (
    conv,
    head_conv,
    maxpool,
    net,
    region,
    route,
    section,
    yolo,
)

TAIL = head_conv() + yolo()
EVERYTHING = (
    net(64, 96)
    + conv(8)
    + maxpool(2, 2)
    + conv(16, act="mish")
    + section("shortcut", from_=-1, activation="linear")
    + section("reorg", stride=2)
    + section("upsample", stride=2)
    + route(-1, 1, groups=2, group_id=1)
    + TAIL
    + route(1)
    + head_conv()
    + region()
)


def network_of(*parts: str, **size: int) -> NetworkCfg:
    return parse_cfg(net(**size) + "".join(parts), "a.cfg")


def refusal(*parts: str, text: str | None = None) -> str:
    with pytest.raises(ModelError) as caught:
        parse_cfg(net() + "".join(parts) if text is None else text, "a.cfg")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_understands_every_layer() -> None:
    network = parse_cfg(EVERYTHING, "a.cfg")
    assert network.shape == Shape(height=96, width=64, channels=3)
    assert [layer.shape for layer in network.layers[:7]] == [
        (96, 64, 8),
        (48, 32, 8),
        (48, 32, 16),
        (48, 32, 16),
        (24, 16, 64),
        (48, 32, 64),
        (48, 32, 32 + 4),
    ]
    assert [index for index, _ in network.heads] == [8, 11]
    assert network.classes == 3
    first, second = 8 * 3 * 9 + 4 * 8, 16 * 8 * 9 + 4 * 16
    assert network.weight_count == first + second + 24 * (36 + 1) + 24 * (8 + 1)


def test_a_layer_knows_its_line() -> None:
    network = parse_cfg("[net]\nwidth=32\nheight=32\n\n" + conv(4) + TAIL, "a.cfg")
    assert [layer.line for layer in network.layers][:2] == [5, 12]


def test_defaults_are_darknets() -> None:
    network = network_of("[convolutional]\n", "[maxpool]\nstride=2\n", "[reorg]\n", "[upsample]\n", TAIL)
    plain, pool, reorg, upsample = network.layers[:4]
    assert plain == Convolutional(5, Shape(64, 64, 1), 3, 1, 1, 0, False, "logistic")
    assert pool == MaxPool(6, Shape(32, 32, 1), 2, 2, 1)
    assert reorg == Reorg(8, Shape(32, 32, 1), 1)
    assert upsample.shape == Shape(64, 64, 1)


def test_heads_default_to_darknets_own() -> None:
    anchors = "1,2,3,4"
    boxes = conv(2 * 25, 1, bn=0, act="linear")
    (_, found), (_, other) = network_of(
        boxes,
        section("yolo", num=2, anchors=anchors),
        route(0),
        section("region", num=2, anchors=anchors),
    ).heads
    assert isinstance(found, Yolo)
    assert (found.anchors, found.classes, found.scale_x_y, found.new_coords) == (
        ((1, 2), (3, 4)),
        20,
        1,
        False,
    )
    assert isinstance(other, Region)
    assert (other.anchors, other.classes, other.softmax) == (((1, 2), (3, 4)), 20, False)


def test_understands_yolov1() -> None:
    network = network_of(
        section("crop", crop_width=64, crop_height=64),
        conv(16, stride=2),
        section("local", filters=8, size=3, stride=2, pad=1, activation="leaky"),
        section("dropout", probability=0.5),
        section("connected", output=2 * 2 * (3 * 5 + 4), activation="linear"),
        section("detection", classes=4, coords=4, side=2, num=3, sqrt=1),
        "[cost]\n",
    )
    assert [tuple(layer.shape) for layer in network.layers] == [
        (64, 64, 3),
        (32, 32, 16),
        (16, 16, 8),
        (16, 16, 8),
        (1, 1, 76),
        (1, 1, 76),
        (1, 1, 76),
    ]
    assert [type(layer).__name__ for layer in network.layers[-2:]] == ["DetectionHead", "Unchanged"]
    local = 16 * 16 * 8 * (16 * 9 + 1)
    assert network.weight_count == 16 * 3 * 9 + 4 * 16 + local + 76 * (16 * 16 * 8 + 1)
    assert network.classes == 4


def test_groups_share_the_channels() -> None:
    (grouped, *_) = network_of(conv(12, groups=3), TAIL).layers
    assert isinstance(grouped, Convolutional)
    assert grouped.weight_count == 12 * 1 * 9 + 4 * 12


def test_a_shortcut_may_add_several() -> None:
    network = network_of(conv(8), conv(8), conv(8), section("shortcut", from_="-2,-3"), TAIL)
    assert network.layers[3].layers == (1, 0)


def test_missing_numbers_of_anchors_are_a_half() -> None:
    """Blanks count for nothing, so that a missing comma joins two numbers and moves the others."""
    ((_, head),) = network_of(head_conv(boxes=2), yolo("1,5").replace("9,7, 12,20", "9,7 12,20")).heads
    assert head.anchors == ((9, 712), (61, 0.5))


def test_a_head_takes_the_anchors_of_its_mask() -> None:
    ((_, head),) = network_of(head_conv(boxes=2), yolo("1,5")).heads
    assert head.anchors == ((9, 7), (60, 61))


@pytest.mark.parametrize(
    ("side", "part", "expected"),
    [
        (13, maxpool(2, 2), 7),
        (13, maxpool(2, 1), 13),
        (13, maxpool(3, 2, padding=0), 6),
        (13, conv(4, 3, 2), 7),
        (13, conv(4, 3, 2, pad=0), 6),
        (13, conv(4, 3, 1, pad=0, padding=2), 15),
        (13, conv(4, 5, 3), 5),
    ],
)
def test_sizes_are_darknets(side: int, part: str, expected: int) -> None:
    assert network_of(part, TAIL, width=side, height=side).layers[0].shape[:2] == (expected, expected)


HALF = conv(4, 3, 2)


@pytest.mark.parametrize(
    ("side", "parts", "expected"),
    [
        (64, "", 1),
        (64, HALF + maxpool(2, 2) + maxpool(5, 1), 4),
        (64, HALF + HALF + conv(4) + section("upsample", stride=4), 4),
        (36, maxpool(2, 2) + route(-2) + maxpool(3, 3) + section("upsample", stride=3), 6),
        (64, section("reorg3d", stride=2), 2),
        (63, HALF, None),  # the last cell is cut
        (24, section("reorg3d", stride=3) + maxpool(7, 2) + conv(4, 3, 3), None),  # 8, 4, 2: no whole cells
        (64, conv(4, pad=0), None),  # a border is lost, whatever the size
        (64, conv(4, 3, 2, pad=0), None),
        (64, conv(4, 3, 1, pad=0, padding=2), None),
        (64, maxpool(3, 2, padding=0), None),
        (64, section("reorg", stride=2), None),
        (64, section("local", filters=4, size=3, stride=1, pad=1), None),
        (64, section("softmax", groups=1, spatial=1), None),
    ],
)
def test_knows_whether_the_input_may_have_another_size(side: int, parts: str, expected: int | None) -> None:
    assert network_of(conv(4), parts, TAIL, width=side, height=side).stride == expected


def test_the_input_of_a_network_with_a_connected_layer_has_one_size() -> None:
    head = section("detection", coords=4, side=2, num=1, classes=3)
    assert network_of(section("connected", output=32), head).stride is None


@pytest.mark.parametrize("activation", ["linear", "leaky", "relu", "logistic", "mish", "swish"])
def test_knows_activations(activation: str) -> None:
    (layer, *_) = network_of(conv(4, act=activation), TAIL).layers
    assert isinstance(layer, Convolutional)
    assert layer.activation == activation


@pytest.mark.parametrize("key", ["filters", "size", "stride"])
@pytest.mark.parametrize("value", ["0", "-1", "2147483647", "99999999999999999999", "1e3", "three", ""])
def test_refuses_absurd_sizes_with_the_line(key: str, value: str) -> None:
    said = refusal(f"[convolutional]\n\n{key}={value}\n", TAIL)
    assert said.startswith(f"a.cfg:7: [convolutional]: {key} is ")


@pytest.mark.parametrize("key", ["width", "height"])
@pytest.mark.parametrize("value", ["0", "-416", "7", "4097", "1000000000", "416.5"])
def test_refuses_an_absurd_input(key: str, value: str) -> None:
    text = net() + TAIL
    line = 2 if key == "width" else 3
    assert refusal(text=text.replace(f"{key}=64", f"{key}={value}")).startswith(
        f"a.cfg:{line}: [net]: {key} is "
    )
    assert refusal(text=text.replace(f"{key}=64", "")) == (
        f"a.cfg:1: [net]: {key} is missing; expected the {key} of the network's input"
    )


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (["[lstm]\n", TAIL], "a.cfg:5: [lstm]: layer 0 is of a kind that is not supported; known: "),
        (["[\x1b[31m]\n", TAIL], "a.cfg:5: [\\x1b[31m]: layer 0 is of a kind"),
        (
            [conv(4, act="gelu"), TAIL],
            'a.cfg:11: [convolutional]: activation "gelu" is not supported; known: ',
        ),
        (
            [conv(4, groups=2), TAIL],
            "a.cfg:12: [convolutional]: 2 groups do not divide 3 channels and 4 filters",
        ),
        ([conv(4, stride_x=2), TAIL], "a.cfg:12: [convolutional]: stride_x that is not the stride is not"),
        ([conv(4, share_index=-1), TAIL], "a.cfg:12: [convolutional]: share_index is not supported"),
        (
            [section("local", filters=2, size=5, pad=1), TAIL],
            "a.cfg:7: [local]: pad=1 with size 5 is not supported; expected size 3",
        ),
        (
            ["[softmax]\n", TAIL],
            "a.cfg:5: [softmax]: takes one pixel or spatial=1; the layer before it has 64x64x3",
        ),
        ([section("crop", crop_width=32, crop_height=64), TAIL], "a.cfg:6: [crop]: crop_width that is not"),
        (
            [section("connected", output=1 << 25), TAIL],
            "a.cfg:6: [connected]: output is 33554432; expected 1 to",
        ),
        (["[detection]\n"], "a.cfg:5: [detection]: coords is not 4, which is all that is supported"),
        (
            [
                "[avgpool]\n",
                section("connected", output=13),
                section("detection", coords=4, side=1, classes=9),
            ],
            "a.cfg:8: [detection]: needs 14 numbers (1 x 1 cells x (1 boxes x 5 + 9 classes)); the layer",
        ),
        ([conv(4, dilation=2), TAIL], "a.cfg:12: [convolutional]: dilation=2 is not supported"),
        ([conv(4, binary=1), TAIL], "a.cfg:12: [convolutional]: binary=1 is not supported"),
        ([conv(4, pad=0, size=65), TAIL], "a.cfg:8: [convolutional]: size is 65; expected 1 to 64"),
        ([conv(4), route(-2), TAIL], "a.cfg:13: [route]: layers -2 names no earlier layer"),
        ([conv(4), route(1), TAIL], "a.cfg:13: [route]: layers 1 names no earlier layer"),
        (["[route]\n", TAIL], "a.cfg:5: [route]: layers is missing; expected the layers to join"),
        ([conv(4), maxpool(2, 2), route(-1, -2), TAIL], "a.cfg:16: [route]: joins layers of different sizes"),
        ([conv(5), route(-1, groups=2), TAIL], "a.cfg:14: [route]: 2 groups do not divide the channels"),
        (
            [conv(4), route(-1, groups=2, group_id=2), TAIL],
            "a.cfg:15: [route]: group_id is 2; expected 0 to 1",
        ),
        (
            [conv(4), maxpool(3, 3), section("shortcut", from_=-2), TAIL],
            "a.cfg:16: [shortcut]: adds 64x64x4 to 22x22x4; sizes must be equal, or a multiple",
        ),
        (
            [conv(4), conv(8), section("sam", from_=-2), TAIL],
            "a.cfg:20: [sam]: multiplies 64x64x4 by 64x64x8; shapes must be equal",
        ),
        (
            [conv(4), conv(4), section("sam", from_=-2, activation="mish"), TAIL],
            "a.cfg:21: [sam]: activation mish is not supported here",
        ),
        (
            [conv(4), conv(4), section("scale_channels", from_=-2), TAIL],
            "a.cfg:20: [scale_channels]: scales 64x64x4 by 64x64x4; expected 1x1x4",
        ),
        (
            [section("local_avgpool", size=2, padding=4), TAIL],
            "a.cfg:7: [local_avgpool]: padding is as large as whole windows",
        ),
        (["[shortcut]\n", TAIL], "a.cfg:5: [shortcut]: from 0 names no earlier layer"),
        (
            [conv(4), section("shortcut", from_=-1, weights_type="per_channel"), TAIL],
            "a.cfg:14: [shortcut]: weights_type=per_channel is not supported",
        ),
        ([conv(3), section("reorg", stride=2), TAIL], "a.cfg:13: [reorg]: stride 2 does not divide 64x64x3"),
        ([conv(4), section("reorg", stride=2, reverse=1), TAIL], "a.cfg:14: [reorg]: reverse=1 is not"),
        ([section("upsample", stride=33), TAIL], "a.cfg:6: [upsample]: stride is 33; expected 1 to 32"),
        ([conv(4)], "a.cfg: no [yolo], [region] or [detection] layer, so it detects nothing"),
        ([TAIL, conv(4)], "a.cfg:16: [convolutional]: layer 2 would read the output of a head"),
        ([TAIL, route(-1), TAIL], "a.cfg:17: [route]: layers -1 names a head, whose output is boxes"),
        ([TAIL, route(0), conv(27, 1), yolo(classes=4)], "do not agree on the number of classes"),
        ([conv(23), yolo()], "a.cfg:15: [yolo]: needs 24 channels (3 boxes x (3 classes + 5)); the layer"),
        ([head_conv(), yolo("0,1,6")], "a.cfg:12: [yolo]: mask is 6; expected 0 to 5"),
        (
            [head_conv(), yolo().replace("4,5", "4,-5")],
            "a.cfg:13: [yolo]: anchors is missing or not positive",
        ),
        (
            [head_conv(), yolo().replace("anchors", "x")],
            "a.cfg:11: [yolo]: anchors is missing or not positive",
        ),
        ([head_conv(), yolo(scale_x_y="nan")], "a.cfg:16: [yolo]: scale_x_y"),
        ([head_conv(), region(coords=5)], "a.cfg:16: [region]: coords=5 is not supported"),
    ],
)
def test_refuses_what_is_wrong_and_says_where(parts: list[str], said: str) -> None:
    assert said in refusal(*parts)


def test_refuses_a_layer_that_would_fill_the_memory() -> None:
    tracemalloc.start()
    said = refusal(text=net(4096, 4096) + conv(60000) + TAIL)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert said == (
        "a.cfg:5: [convolutional]: layer 0 would put out 60000 channels of 4096x4096 pixels, "
        "1,006,632,960,000 numbers; at most 134,217,728 are computed here; give a smaller width or height"
    )
    assert peak < 1 << 20


@pytest.mark.parametrize("layer", ["[lstm]\n", conv(4, act="gelu"), section("shortcut", from_=-9), ""])
def test_the_only_error_of_a_network_without_heads_is_that(layer: str) -> None:
    """Classifiers stop at this, whatever else they hold that is not supported."""
    said = refusal(text="[net]\nbatch=1\n" + layer + "[softmax]\n")
    assert said == "a.cfg: no [yolo], [region] or [detection] layer, so it detects nothing"


def test_refuses_a_layer_without_output() -> None:
    said = refusal(text=net(8, 8) + conv(4, 9, pad=0) + TAIL)
    assert said.endswith(": layer 0 would put out 4 channels of 0x0 pixels, of which nothing is left")


@pytest.mark.parametrize("text", ["", "[convolutional]\n", "# nothing\n"])
def test_refuses_what_does_not_begin_as_a_network(text: str) -> None:
    assert refusal(text=text) == "a.cfg:1: does not begin with [net]; this is no Darknet .cfg file"


def test_reads_a_file_whatever_its_name_and_bytes(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"n\xff\xfe.cfg")
    path.write_bytes(b"\xef\xbb\xbf# caf\xe9\r\n" + EVERYTHING.replace("\n", "\r\n").encode())
    assert read_cfg(path).where == str(tmp_path / "n\ufffd\ufffd.cfg")


def test_a_damaged_cfg_is_one_error_or_a_network() -> None:
    """Seeded mutations: lines dropped, doubled and swapped; digits and bytes changed."""
    rng = random.Random(7)
    outcomes = {"network": 0, "error": 0}
    for _ in range(1500):
        lines = EVERYTHING.splitlines()
        for _ in range(rng.randint(1, 3)):
            lines = lines or ["[net]"]
            at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
            match rng.randrange(6):
                case 0:
                    del lines[at]
                case 1:
                    lines.insert(other, lines[at])
                case 2:
                    lines[at], lines[other] = lines[other], lines[at]
                case 3:
                    digit = rng.choice(["0", "-1", "7", "1000000", "-2147483649", "9" * 30, "nan", "1e308"])
                    lines[at] = lines[at].partition("=")[0] + "=" + digit
                case 4:
                    place = rng.randint(0, len(lines[at]))
                    lines[at] = lines[at][:place] + chr(rng.randrange(1, 0x250)) + lines[at][place + 1 :]
                case _:
                    lines = lines[: at + 1]
        try:
            network = parse_cfg("\n".join(lines), "a.cfg")
            assert all(min(layer.shape) >= 1 for layer in network.layers)
            outcomes["network"] += 1
        except ModelError as error:
            assert str(error).startswith("a.cfg:")
            assert "\n" not in str(error)
            outcomes["error"] += 1
    assert min(outcomes.values()) > 100
