"""What a valid pipeline file says and hardly means."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config.config import read_config
from pipeline.config.synonyms import _SYNONYMS, synonyms_among
from pipeline.config.warnings import iter_warnings
from pipeline.errors import PipelineFileError
from tests.detectors.darknet.networks import conv, net, write_network, yolo
from tests.running import ROOT

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
        ("faces", "[face, cats]", "all", ['component "eyes": none of its inputs ever finds "cats", one of '
                                          "its triggerlabels; known: face"]),
        ("files", "cat", "all", []),
        ("faces", "face", "[eye, nose]", ['component "report": none of its inputs ever finds "nose", one of '
                                          "its triggerlabels; known: eye, face"]),
    ],
)  # fmt: skip
def test_trigger_labels_that_nothing_has(tmp_path, inputs, triggerlabels, reported, doubts):
    assert doubts_of(tmp_path, PIPELINE.format(**locals())) == doubts


def test_findings_that_no_writer_gets(tmp_path):
    text = PIPELINE.format(inputs="faces", triggerlabels="all", reported="all")
    assert doubts_of(tmp_path, text.replace("[faces, eyes]", "[faces]")) == [
        'component "eyes": no component has it among its inputs, so what it finds is not written; add it to '
        "the inputs of the writers that come after it"
    ]


@pytest.mark.parametrize(
    ("inputs", "triggerlabels", "sentence"),
    [
        ("faces", "faces", '"faces"; did you mean "face"?'),
        ("[files, faces]", "cat", '"cat"; known: face'),
        ("faces", "[cat, dog]", '"cat", "dog"; known: face'),
        ("faces", "[human face]", '"human face"; did you mean "face"?'),
    ],
)
def test_a_component_that_never_gets_anything_to_do_is_an_error(tmp_path, inputs, triggerlabels, sentence):
    text = PIPELINE.format(inputs=inputs, triggerlabels=triggerlabels, reported="all")
    with pytest.raises(PipelineFileError) as raised:
        doubts_of(tmp_path, text)
    (problem,) = raised.value.problems
    assert problem == (
        f'{tmp_path}/p.yml:5: component "eyes": triggerlabels: none of its inputs ever finds {sentence}'
    )


def test_everyday_words_suggest_those_of_the_network(tmp_path):
    """Of COCO in both of its spellings, and of a network of one's own."""
    write_network(tmp_path, net() + conv(75, 1) + yolo(classes=20))
    text = """\
pipeline:
- {name: objects, type: deepdetector, inputs: files, params: {model: ./net.cfg}}
- {name: report, type: jsonreportwriter, inputs: objects, params: {triggerlabels: [%s]}}
"""
    for names, word, meant in (
        ("person\nbicycle\n", "people", "person"),
        ("human\nroad\n", "Person", "human"),
        ("tvmonitor\nsofa\n", "television", "tvmonitor"),
        ("tv\ncouch\n", "sofa", "couch"),
        ("cell phone\ndog\n", "puppy", "dog"),
    ):
        (tmp_path / "net.names").write_text(names + "thing\n" * 18)
        with pytest.raises(PipelineFileError, match=f'ever finds "{word}"; did you mean "{meant}"'):
            doubts_of(tmp_path, text % word)


def test_names_that_nobody_was_taught_yet_are_no_mistake(tmp_path):
    text = """\
pipeline:
- {name: names, type: recognizer, inputs: files, params: {model: family, optional: true}}
- {name: report, type: jsonreportwriter, inputs: names, params: {triggerlabels: [anna]}}
"""
    assert doubts_of(tmp_path, text) == []


def test_the_words_for_things_name_each_thing_once():
    words = [word for line in _SYNONYMS.split("\n") for word in line.split(", ") if word]
    assert len(set(words)) == len(words)
    coco = (ROOT / "detectors" / "labels" / "coco.names").read_text().split("\n")
    assert synonyms_among("people", coco) == ["person"]
    assert synonyms_among("phone", coco) == ["cell phone"]


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
