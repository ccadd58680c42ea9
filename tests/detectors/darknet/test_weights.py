from __future__ import annotations

import os
import random
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from detectors.darknet.cfg import parse_cfg
from detectors.darknet.layers import Convolutional
from detectors.darknet.weights import LayerWeights, iter_weights
from detectors.darknet.weightsfile import check_weights
from pipeline.errors import ModelError
from tests.detectors.darknet.networks import HEADER, conv, head_conv, net, random_weights, section, yolo

TEXT = net(32, 32) + conv(4) + head_conv() + yolo()
NETWORK = parse_cfg(TEXT, "net.cfg")
CONTENT = random_weights(NETWORK)
FIRST = 4 * 4 + 4 * 3 * 9
"""Numbers of the first layer: biases, scales, means, variances, kernels."""
HEAD = 24 + 24 * 4


def write(folder: Path, content: bytes) -> Path:
    path = folder / "net.weights"
    path.write_bytes(content)
    return path


def read(path: Path) -> dict[int, LayerWeights]:
    return dict(iter_weights(path, NETWORK))


def refusal(folder: Path, content: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        read(write(folder, content))
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{folder}/net.weights: ")


def changed(at: int, value: float) -> bytes:
    """The good file with one of its numbers changed."""
    start = len(HEADER) + 4 * at
    return CONTENT[:start] + struct.pack("<f", value) + CONTENT[start + 4 :]


@pytest.mark.parametrize(
    ("version", "seen_bytes"),
    [
        ((0, 1, 0), 4),
        ((0, 2, 0), 8),
        ((0, 2, 5), 8),
        ((1, 0, 0), 8),
        ((0, 0, 0), 4),
        ((0, 1001, 0), 4),
        (
            struct.unpack("<3i", struct.pack("<3f", 0.001, 0.9, 0.0005)),
            4,
        ),  # the first files: the learning rate
    ],
)
def test_knows_the_header_of_each_version(version: tuple[int, ...], seen_bytes: int, tmp_path: Path) -> None:
    header = struct.pack("<3i", *version) + b"\x07" * seen_bytes
    path = write(tmp_path, header + CONTENT[len(HEADER) :])
    assert check_weights(path, NETWORK).length == len(header)
    expected = read(write(tmp_path, CONTENT))
    found = read(write(tmp_path, header + CONTENT[len(HEADER) :]))
    assert all((found[i].kernel == expected[i].kernel).all() for i in expected)


def test_lays_kernels_out_for_tensorflow(tmp_path: Path) -> None:
    weights = read(write(tmp_path, CONTENT))
    numbers = np.frombuffer(CONTENT[len(HEADER) + 4 * FIRST :], "<f4")
    assert list(weights) == [0, 1]
    assert (weights[1].bias == numbers[:24]).all()
    assert weights[1].kernel.shape == (1, 1, 4, 24)
    assert (weights[1].kernel[0, 0] == numbers[24:].reshape(24, 4).T).all()


def test_folds_batch_normalization_as_darknet_normalizes(tmp_path: Path) -> None:
    numbers = np.frombuffer(CONTENT[len(HEADER) :], "<f4")[:FIRST].astype(np.float64)
    bias, scale, mean, variance = numbers[:16].reshape(4, 4)
    kernels = numbers[16:].reshape(4, 3, 3, 3)
    window = np.random.default_rng(3).random((3, 3, 3))  # channels, rows, columns
    plain = (kernels * window).sum(axis=(1, 2, 3))
    expected = scale * (plain - mean) / (np.sqrt(variance) + 1e-6) + bias
    folded = read(write(tmp_path, CONTENT))[0]
    found = (folded.kernel * window.transpose(1, 2, 0)[..., None]).sum(axis=(0, 1, 2)) + folded.bias
    assert np.allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("missing", [1, 4, 4 * HEAD, len(CONTENT) - len(HEADER), len(CONTENT) - 13])
def test_refuses_a_file_cut_short(missing: int, tmp_path: Path) -> None:
    size = len(CONTENT) - missing
    assert refusal(tmp_path, CONTENT[:size]).startswith(
        f"{size:,} bytes where net.cfg needs {len(CONTENT)}; the file is cut"
    )


@pytest.mark.parametrize("content", [b"", b"\0" * 11])
def test_refuses_a_file_without_header(content: bytes, tmp_path: Path) -> None:
    assert refusal(tmp_path, content) == f"{len(content)} bytes are too few for a Darknet .weights file"


def test_refuses_a_file_that_is_not_used_up(tmp_path: Path) -> None:
    said = refusal(tmp_path, CONTENT + b"\0\0\0\0")
    assert said.endswith("; the file is too long, or the two do not belong together")


@pytest.mark.parametrize("content", [b"\xff" * 1200, b"\0\0\0\x80" * 300])
def test_refuses_other_files(content: bytes, tmp_path: Path) -> None:
    assert refusal(tmp_path, content) == "does not begin with a version as a Darknet .weights file does"


@pytest.mark.parametrize("at", [0, 5, 9, 14, FIRST - 1, FIRST, FIRST + HEAD - 1])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_refuses_numbers_that_are_not_finite(at: int, value: float, tmp_path: Path) -> None:
    layer, line = (0, 5) if at < FIRST else (1, 12)
    assert refusal(tmp_path, changed(at, value)).startswith(
        f"the weights of layer {layer} (net.cfg:{line}) are not finite numbers"
    )


@pytest.mark.parametrize(("at", "value"), [(12, -0.5), (4, 3e38)])
def test_refuses_what_folding_makes_not_finite(at: int, value: float, tmp_path: Path) -> None:
    content = changed(at, value)
    if at == 4:  # an enormous scale, a variance of nothing
        start = len(HEADER) + 4 * 12
        content = content[:start] + struct.pack("<f", 0.0) + content[start + 4 :]
    assert "not finite numbers, or a variance is negative" in refusal(tmp_path, content)


def test_counts_against_the_size_before_anything_is_allocated(tmp_path: Path) -> None:
    """65,536 kernels of 64 x 64 x 1024 would be 1.1 TB."""
    text = net(256, 256) + conv(1024, act="linear") + conv(65536, 64, 64) + conv(24, 1) + yolo()
    network = parse_cfg(text, "huge.cfg")
    path = write(tmp_path, CONTENT)
    tracemalloc.start()
    with pytest.raises(ModelError, match=r"996 bytes where huge.cfg needs 1,099,519,"):
        next(iter_weights(path, network))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_reads_a_file_whose_name_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.weights")
    path.write_bytes(CONTENT)
    assert len(read(path)) == 2
    path.write_bytes(b"")
    with pytest.raises(ModelError) as caught:
        read(path)
    str(caught.value).encode()


def test_a_damaged_file_is_one_error_or_finite_numbers(tmp_path: Path) -> None:
    """Seeded bit flips, cuts and growth."""
    rng = random.Random(11)
    outcomes = {"weights": 0, "error": 0}
    for _ in range(400):
        content = bytearray(CONTENT)
        for _ in range(rng.randint(1, 40)):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        if rng.random() < 0.1:
            content = content[: rng.randrange(len(content))]
        try:
            found = read(write(tmp_path, bytes(content)))
            assert all(
                np.isfinite(layer.kernel).all() and np.isfinite(layer.bias).all() for layer in found.values()
            )
            assert sum(isinstance(layer, Convolutional) for layer in NETWORK.layers) == len(found)
            outcomes["weights"] += 1
        except ModelError as error:
            assert "\n" not in str(error)
            outcomes["error"] += 1
    assert min(outcomes.values()) > 20


def test_matrices_of_the_first_files_lie_the_other_way_round(tmp_path: Path) -> None:
    text = (
        net(8, 8)
        + "[avgpool]\n"
        + section("connected", output=9)
        + section("detection", coords=4, side=1, classes=4)
    )
    network = parse_cfg(text, "net.cfg")
    numbers = np.frombuffer(random_weights(network)[len(HEADER) :], "<f4")
    matrix = numbers[9:].reshape(9, 3)
    newer = write(tmp_path, random_weights(network))
    assert (next(iter_weights(newer, network))[1].kernel == matrix.T).all()
    first = struct.pack("<3i", 0, 1001, 0) + b"\0\0\0\0" + numbers[:9].tobytes() + matrix.T.tobytes()
    weights = next(iter_weights(write(tmp_path, first), network))[1]
    assert (weights.kernel == matrix.T).all()
    assert (weights.bias == numbers[:9]).all()
