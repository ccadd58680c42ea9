from __future__ import annotations

import pytest

from detectors.darknet.cfg import parse_cfg
from detectors.darknet.headparsers import HEAD_PARSERS
from detectors.darknet.joinparsers import JOIN_PARSERS
from detectors.darknet.layerparsers import LAYER_PARSERS
from detectors.darknet.layers import Shape, Unchanged
from detectors.darknet.networkcfg import Layer, NetworkCfg
from detectors.darknet.optionnames import NO_EFFECT, READ
from detectors.darknet.sections import Section
from pipeline.errors import ModelError
from tests.detectors.darknet.networks import conv, head_conv, maxpool, net, region, route, section, yolo

TAIL = head_conv() + yolo()
PARSERS = LAYER_PARSERS | JOIN_PARSERS | HEAD_PARSERS
EVERY_SECTION = (
    net()
    + section("crop", crop_width=64, crop_height=64)
    + conv(8)
    + maxpool(2, 2)
    + section("reorg", stride=2)
    + section("reorg3d", stride=2)
    + section("upsample", stride=4)
    + route(-1)
    + section("shortcut", from_=-1, activation="linear")
    + section("softmax", spatial=1)
    + section("sam", from_=-2)
    + "[batchnorm]\n"
    + section("local_avgpool", size=2, stride=1)
    + "[avgpool]\n"
    + section("scale_channels", from_=-2)
    + TAIL
    + route(1)
    + conv(3 * (9 + 3), 1)
    + section("gaussian_yolo", anchors="1,1, 2,2, 3,3", num=3, classes=3)
    + route(1)
    + head_conv()
    + region()
    + route(1)
    + "[avgpool]\n"
    + section("dropout", probability=0.5)
    + section("local", filters=4, size=1, activation="leaky")
    + section("connected", output=2 * 2 * (5 + 3), activation="linear")
    + section("detection", classes=3, coords=4, side=2, num=1)
    + "[cost]\n"
    + "[contrastive]\n"
)
FITTING = {
    "crop": {"crop_width": "8", "crop_height": "8"},
    "detection": {"coords": "4", "classes": "3", "side": "8"},
    "gaussian_yolo": {"anchors": "1,1", "classes": "3"},
    "region": {"anchors": "1,1", "classes": "3"},
    "route": {"layers": "0"},
    "softmax": {"spatial": "1"},
    "soft": {"spatial": "1"},
    "yolo": {"anchors": "1,1", "classes": "3"},
}
"""What a section must say for a layer that puts out 8 x 8 x 8 to come before it."""
SHAPES = {"gaussian_yolo": Shape(8, 8, 12), "scale_channels": Shape(1, 1, 8)}
"""What the layer before it puts out, where that is not 8 x 8 x 8."""


class Asked(dict[str, tuple[str, int]]):
    """Options that remember what they were asked for."""

    def __init__(self, options: dict[str, str]) -> None:
        super().__init__({key: (value, 2) for key, value in options.items()})
        self.keys_asked: set[object] = set()

    def __contains__(self, key: object) -> bool:
        self.keys_asked.add(key)
        return super().__contains__(key)


def refusal(text: str) -> str:
    with pytest.raises(ModelError) as caught:
        parse_cfg(text, "a.cfg")
    return str(caught.value)


def without_lines(network: NetworkCfg) -> list[Layer]:
    return [layer._replace(line=0) for layer in network.layers]


@pytest.mark.parametrize("name", PARSERS)
def test_the_table_holds_what_each_parser_reads(name: str) -> None:
    options = Asked(FITTING.get(name, {}))
    shape = SHAPES.get(name, Shape(8, 8, 8))
    PARSERS[name](Section("a.cfg", 1, name, options), shape, [Unchanged(1, Shape(8, 8, 8))])
    assert options.keys_asked == set(READ.get(name, "").split())


def test_options_without_effect_are_passed_over_in_every_section() -> None:
    more = "".join(f"{name} = 1\n" for name in sorted(NO_EFFECT))
    heads = [line for line in EVERY_SECTION.splitlines() if line.startswith("[")]
    assert {head.strip("[]") for head in heads} > PARSERS.keys() - {"avg", "conn", "conv", "max", "soft"}
    text = "".join(f"{line}\n{more if line.startswith('[') else ''}" for line in EVERY_SECTION.splitlines())
    network, plain = parse_cfg(text, "a.cfg"), parse_cfg(EVERY_SECTION, "a.cfg")
    assert network.shape == plain.shape
    assert without_lines(network) == without_lines(plain)


def test_takes_what_stands_in_the_cfgs_that_circulate() -> None:
    """Options of yolov3, yolov4, yolov4-csp, yolov7, yolo9000 and yolov1."""
    training = (
        "batch=64\nsubdivisions=8\nmomentum=0.949\ndecay=0.0005\nangle=0\nsaturation=1.5\nexposure=1.5\nhue=.1\n"
        "learning_rate=0.001\nburn_in=1000\nmax_batches=500500\npolicy=steps\nsteps=400000,450000\nscales=.1,.1\n"
        "max_crop=448\nmosaic=1\ncutmix=1\nletter_box=1\nema_alpha=0.9998\nuse_cuda_graph=1\nmixup=0\nblur=1\n"
        "optimized_memory=0\nworkspace_size_limit_MB=2000\nresize_step=32\nlabel_smooth_eps=0.1\nflip=1\n"
    )
    head = (
        "jitter=.3\nignore_thresh=.7\ntruth_thresh=1\nrandom=1\nresize=1.5\nscale_x_y=1.05\niou_thresh=0.213\n"
        "cls_normalizer=0.5\niou_normalizer=0.05\nobj_normalizer=0.4\niou_loss=ciou\nnms_kind=diounms\n"
        "beta_nms=0.6\nmax_delta=2\nobjectness_smooth=1\ncounters_per_class=1,2,3\nmax=200\nfocal_loss=0\n"
    )
    old_head = (
        "bias_match=1\ncoords=4\njitter=.2\nrescore=1\nobject_scale=5\nnoobject_scale=1\nclass_scale=1\n"
        "coord_scale=1\nabsolute=1\nthresh=.1\nrandom=1\nforced=0\nmap=data/coco9k.map\n"
    )
    for plain, more in ((net(), training), (yolo(), head), (region(), old_head)):
        text = net() + head_conv() + yolo() + route(0) + region()
        parse_cfg(text.replace(plain, plain + more), "a.cfg")
    parse_cfg(net() + conv(8, stopbackward=800, assisted_excitation=4000) + TAIL, "a.cfg")


@pytest.mark.parametrize(
    ("text", "where", "given", "meant"),
    [
        (net() + conv(4, activaton="leaky") + TAIL, "12: [convolutional]", "activaton", "activation"),
        (net() + conv(4, batch_norm=1) + TAIL, "12: [convolutional]", "batch_norm", "batch_normalize"),
        (net() + conv(4, Stride=2) + TAIL, "12: [convolutional]", "Stride", "stride"),
        (net() + maxpool(2, 2, sise=3) + TAIL, "8: [maxpool]", "sise", "size"),
        (net() + conv(4) + section("shortcut", form=-1) + TAIL, "13: [shortcut]", "form", "from"),
        (net() + conv(4) + section("route", layer=-1) + TAIL, "13: [route]", "layer", "layers"),
        (net() + head_conv() + yolo(scale_xy=1.1), "16: [yolo]", "scale_xy", "scale_x_y"),
        (net() + head_conv() + region(anchor=1), "16: [region]", "anchor", "anchors"),
        (net().replace("height", "heigth") + TAIL, "3: [net]", "heigth", "height"),
    ],
)
def test_refuses_a_name_that_is_nearly_an_options(text: str, where: str, given: str, meant: str) -> None:
    assert refusal(text) == f"a.cfg:{where}: {given} is no option; did you mean {meant}?"


@pytest.mark.parametrize("key", ["my_note", "trained_by", "step", "scales", "x", "\u00e9", "size" * 999])
def test_other_names_have_no_effect(key: str) -> None:
    parse_cfg(net() + conv(4).replace("size=3", f"size=3\n{key}=1") + TAIL, "a.cfg")


def test_no_name_is_in_both_tables() -> None:
    assert not NO_EFFECT & {name for names in READ.values() for name in names.split()}
