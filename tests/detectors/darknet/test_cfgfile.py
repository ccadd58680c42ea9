"""Reading a .cfg file from the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.darknet.cfg import MAX_CFG_BYTES, read_cfg
from detectors.darknet.layers import Shape
from pipeline.errors import ModelError
from tests.detectors.darknet.networks import head_conv, net, yolo

TAIL = head_conv() + yolo()


def test_understands_a_file_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.cfg"
    path.write_text(net(64, 64) + TAIL)
    first = read_cfg(path)
    assert read_cfg(path) is first
    path.write_text(net(96, 64) + TAIL)  # as many bytes
    assert read_cfg(path).shape == Shape(64, 96, 3)


def test_refuses_files_that_cannot_be_a_cfg(tmp_path: Path) -> None:
    path = tmp_path / "a.cfg"
    path.write_bytes(b"#" * (MAX_CFG_BYTES + 1))
    with pytest.raises(ModelError, match=r"larger than 1 MiB; this is no \.cfg file"):
        read_cfg(path)
    with pytest.raises(ModelError, match=r"no.cfg: cannot be read \(No such file or directory\)"):
        read_cfg(tmp_path / "no.cfg")
