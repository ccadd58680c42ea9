from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detectors.darknet.tree import read_tree
from detectors.darknet.treefile import find_tree
from pipeline.errors import ModelError

LINES = """animal -1
vehicle -1
dog 0
cat 0
car 1
bus 1
bike 1
poodle 2
collie 2
"""


def write(folder: Path, text: str = LINES) -> Path:
    path = folder / "a.tree"
    path.write_text(text)
    return path


def test_siblings_compete(tmp_path: Path) -> None:
    tree = read_tree(write(tmp_path), 9, "a.cfg")
    assert tree.starts.tolist() == [0, 2, 4, 7]
    assert tree.children.tolist() == [1, 2, 3, -1, -1, -1, -1, -1, -1]
    raw = np.random.default_rng(1).normal(0, 30, (5, 9)).astype(np.float32)
    found = tree.softmax(raw)
    for start, end in ((0, 2), (2, 4), (4, 7), (7, 9)):
        raised = np.exp(raw[:, start:end].astype(float))
        assert np.allclose(found[:, start:end], raised / raised.sum(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ((0.9, 0.1, 0.9, 0.1, 1, 0, 0, 0.9, 0.1), 7),
        ((0.9, 0.1, 0.9, 0.1, 1, 0, 0, 0.5, 0.5), 2),  # a dog of some kind
        ((0.9, 0.1, 0.5, 0.5, 1, 0, 0, 0.9, 0.1), 0),
        ((0.5, 0.5, 1, 0, 1, 0, 0, 1, 0), 0),  # none at the top is likely: the best all the same
        ((0.3, 0.7, 1, 0, 0.1, 0.8, 0.1, 1, 0), 5),
        ((0.3, 0.7, 1, 0, 0.2, 0.4, 0.4, 1, 0), 1),
    ],
)
def test_goes_down_as_long_as_it_is_likely(
    probabilities: tuple[float, ...], expected: int, tmp_path: Path
) -> None:
    tree = read_tree(write(tmp_path), 9, "a.cfg")
    assert tree.most_exact(np.array(probabilities, np.float32)) == expected


def test_reads_the_tree_of_yolo9000() -> None:
    path = find_tree("data/9k.tree", Path("/nowhere/yolo9000.cfg"))
    assert path is not None
    tree = read_tree(path, 9418, "yolo9000.cfg")
    assert len(tree.starts) > 100
    assert tree.softmax(np.zeros((1, 9418), np.float32)).sum() == pytest.approx(len(tree.starts), rel=1e-4)


def test_looks_where_the_cfg_says_beside_it_and_in_the_neighbour_data(tmp_path: Path) -> None:
    cfg = tmp_path / "cfg" / "a.cfg"
    (tmp_path / "cfg").mkdir()
    (tmp_path / "data").mkdir()
    assert find_tree("data/a.tree", cfg) is None
    neighbour = write(tmp_path / "data")
    assert find_tree("data/a.tree", cfg) == neighbour
    beside = write(tmp_path / "cfg")
    assert find_tree("data/a.tree", cfg) == beside
    elsewhere = write(tmp_path)
    assert find_tree(str(elsewhere), cfg) == elsewhere
    assert find_tree("", cfg) is None
    assert find_tree("../../coco.names", Path("/nowhere/a.cfg")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a.tree:1: expected a name and the index of an earlier class, or -1"),
        ("a 0\n", "a.tree:1: expected a name"),
        ("a -1\nb 5\n", "a.tree:2: expected a name"),
        ("a -1\nb x\n", "a.tree:2: expected a name"),
        ("a -1\nb -2\n", "a.tree:2: expected a name"),
        ("a -1\nb 0\nc -1\n", "a.tree:3: siblings do not lie beside each other"),
        ("a -1\nb -1\nc 0\nd 1\ne 0\n", "a.tree:5: siblings do not lie beside each other"),
        (LINES + "more 1\n" * 20, "a.tree: a tree of 29 classes for the 9 of a.cfg"),
    ],
)
def test_refuses_what_is_no_tree(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        read_tree(write(tmp_path, text), len(text.splitlines()) if "more" not in text else 9, "a.cfg")
    assert said in str(caught.value)
