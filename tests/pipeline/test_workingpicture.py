"""What detectors find in a large photo, and how often it is decoded, whichever components are there."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from detectors.examplemodels import write_darknet_network
from pipeline.config.config import read_config
from pipeline.photomining import mine_photo
from pipeline.pipeline import Pipeline
from pipeline.source import Limits
from tests.pictures import portrait, source_of
from tests.running import component, pipeline_file

ALONE = ("objects",), ("faces",)
TOGETHER = ("objects", "faces"), ("faces", "objects"), ("objects", "faces", "copies")


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A photo of 2720x2040 pixels with a face."""
    path = tmp_path_factory.mktemp("photo") / "large.jpg"
    Image.fromarray(portrait((2720, 2040), (900, 700), side=700)).save(path, quality=92)
    return path


def found(photo, folder, names, yunet, decodes):
    """What these components find in the photo, and how many decodes that takes."""
    folder.mkdir()
    detectors = [name for name in names if name != "copies"]
    network = write_darknet_network(folder)
    lines = {
        "objects": component("objects", "deepdetector", threshold=1e-6, **network),
        "faces": component("faces", "facedetector", model=str(yunet)),
        "copies": component("copies", "photowriter", ", ".join(detectors)),
    }
    report = component("report", "jsonreportwriter", ", ".join(detectors))
    path = pipeline_file(folder / "p.yml", *(lines[name] for name in names), report)
    loaded = Pipeline(read_config(str(path)), folder / "out", Limits())
    loaded.load()
    decodes.clear()
    mine_photo(loaded, source_of(photo))
    (frame,) = json.loads((folder / "out" / "large.jpg.json").read_bytes())["frames"]
    return {name: frame[name] for name in detectors}, len(decodes)


def test_detectors_find_the_same_alone_and_together_in_one_decode(photo, tmp_path, yunet, decodes):
    alone = {}
    for names in ALONE:
        detections, count = found(photo, tmp_path / "-".join(names), names, yunet, decodes)
        assert count == 1
        assert all(detections.values())
        alone |= detections
    for names in TOGETHER:
        detections, count = found(photo, tmp_path / "-".join(names), names, yunet, decodes)
        assert detections == {name: alone[name] for name in detections}
        assert count == (2 if "copies" in names else 1)
