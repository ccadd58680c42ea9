"""What a valid pipeline file says and hardly means."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config.config import read_config
from pipeline.config.warnings import iter_warnings
from tests.detectors.darknet.networks import conv, net, write_network, yolo

PIPELINE = """\
pipeline:
- {{name: faces, type: simpledetector, inputs: files,
   params: {{model: haarcascade_frontalface_default.xml, outputlabel: face}}}}
- {{name: eyes, type: simpledetector, inputs: {inputs},
   params: {{model: haarcascade_eye.xml, outputlabel: eye, triggerlabels: {triggerlabels}}}}}
- {{name: report, type: jsonreportwriter, inputs: [faces, eyes], params: {{triggerlabels: {reported}}}}}
"""


@pytest.mark.parametrize(
    ("inputs", "triggerlabels", "reported", "doubts"),
    [
        ("faces", "face", "[face, eye]", []),
        ("faces", "all", "all", []),
        ("faces", "faces", "all", ['component "eyes": none of its inputs ever finds "faces", one of its '
                                   'triggerlabels; did you mean "face"?']),
        ("[files, faces]", "cat", "all", ['component "eyes": none of its inputs ever finds "cat", one of its '
                                          "triggerlabels; known: face"]),
        ("files", "cat", "all", []),
        ("faces", "face", "[eye, nose]", ['component "report": none of its inputs ever finds "nose", one of '
                                          "its triggerlabels; known: eye, face"]),
    ],
)  # fmt: skip
def test_trigger_labels_that_nothing_has(tmp_path, inputs, triggerlabels, reported, doubts):
    assert doubts_of(tmp_path, PIPELINE.format(**locals())) == doubts


def test_no_writer(tmp_path):
    lines = PIPELINE.format(inputs="files", triggerlabels="all", reported="all").splitlines()[:-1]
    assert doubts_of(tmp_path, "\n".join(lines)) == ["no component writes anything"]


def test_names_of_a_network_s_own(tmp_path):
    """Known where they lie in a text file beside it, and else not guessed."""
    write_network(tmp_path, net() + conv(75, 1) + yolo(classes=20))
    text = """\
pipeline:
- {name: objects, type: deepdetector, inputs: files, params: {model: ./net.cfg}}
- {name: report, type: jsonreportwriter, inputs: objects, params: {triggerlabels: [cat, unicorn]}}
"""
    assert doubts_of(tmp_path, text) == []
    (tmp_path / "net.names").write_text("cat\nunicorns\n" + "thing\n" * 18)
    (doubt,) = doubts_of(tmp_path, text)
    assert doubt.endswith('ever finds "unicorn", one of its triggerlabels; did you mean "unicorns"?')


def doubts_of(folder: Path, text: str) -> list[str]:
    (folder / "p.yml").write_text(text)
    return list(iter_warnings(read_config(str(folder / "p.yml"))))
