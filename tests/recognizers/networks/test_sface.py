from __future__ import annotations

import itertools

import numpy as np
import pytest

from pipeline.detections import Box
from pipeline.errors import ModelError
from recognizers.networks.alignment import template
from recognizers.networks.facenetwork import load_network, network_record
from recognizers.networks.probe import Probe, probe_in
from recognizers.networks.sface import SFace
from tests.recognizers.facenetworks import write_network


@pytest.fixture
def network(tmp_path) -> SFace:
    """A network of SFace's inputs and outputs, known by its name."""
    path = write_network(tmp_path / "face_recognition_sface_small.onnx", numbers=128, name="data")
    network = load_network(network_record(str(path)))
    assert isinstance(network, SFace)
    return network


def test_people_are_told_apart(network, face):
    def described(person: int, picture: int) -> np.ndarray:
        rgb = np.asarray(face(person, picture, 112).convert("RGB"))
        return network.describe(Probe(rgb, Box(0, 0, 112, 112), template(112, 0.0)))

    known = [described(person, 0) for person in range(6)]
    assert known[0].shape == (128,)
    assert np.linalg.norm(known[0]) == pytest.approx(1, abs=1e-5)
    for person in range(6):
        distances = [np.linalg.norm(described(person, 1) - other) for other in known]
        assert int(np.argmin(distances)) == person


def test_it_is_asked_in_rgb(network):
    """A red picture and a blue one are two, and the red one lies where the network's first channel does."""
    red, blue = np.zeros((2, 112, 112, 3), np.uint8)
    red[..., 0] = blue[..., 2] = 255
    described = [network.describe(Probe(rgb, Box(0, 0, 112, 112))) for rgb in (red, blue)]
    mixture = np.random.default_rng(5).normal(0, 1, (588, 128)).astype(np.float32)
    mixture -= mixture.mean(axis=0)
    expected = mixture[:196].sum(axis=0)
    assert np.allclose(described[0], expected / np.linalg.norm(expected), atol=1e-3)
    assert np.linalg.norm(described[0] - described[1]) > 0.5


def test_the_real_network_tells_presidents_apart(sface, famous, frames):
    """As far apart as it is said of it, of one man and of two; some of one half of a face."""
    network = load_network(network_record(sface))
    rows = {name: network.describe(probe_in(frames[name], region)) for name, region in famous.regions.items()}
    assert all(row.shape == (128,) for row in rows.values())
    obama = [row for name, row in rows.items() if name.startswith("obama")]
    apart = [np.linalg.norm(one - other) for one, other in itertools.combinations(obama, 2)]
    assert max(apart) < 1.05
    assert min(np.linalg.norm(rows["biden.jpg"] - row) for row in obama) > 1.2


def test_what_is_none_is_one_line(tmp_path):
    for content in (b"", b"<html>" * 9, write_network(tmp_path / "x.onnx").read_bytes()[:500]):
        (tmp_path / "sface.onnx").write_bytes(content)
        with pytest.raises(ModelError, match=r"sface\.onnx: OpenCV cannot use it") as raised:
            SFace(tmp_path / "sface.onnx")
        assert "\n" not in str(raised.value)
