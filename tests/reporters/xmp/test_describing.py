"""Keywords, titles and ratings that people gave in other programs, in reports and in the index."""

from __future__ import annotations

import json

import pytest

import visualsearch
from pipeline.xmp.packet import Packet
from reporters.description import MAX_KEYWORDS, NO_DESCRIPTION, Description
from reporters.xmp.describing import describe_packets
from tests.house import FACES, REPORT
from tests.pictures import encoded, patches
from tests.running import pipeline_file
from tests.sidecars import ANNA, DOG, listed, merge_into, packet

TITLE = "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>A day\n out</rdf:li></rdf:Alt></dc:title>"
FULL = packet(
    listed("dc:subject", ["Rome", "holiday"]) + listed("digiKam:TagsList", ["Places/Rome"]) + TITLE,
    'xmp:Rating="4"',
)


def described(*contents: bytes, iptc: tuple[str, ...] = ()) -> Description:
    return describe_packets([Packet(content) for content in contents], iptc)


def test_all_forms_of_keywords_are_one_list():
    assert described(FULL) == Description(("Places|Rome", "holiday"), "A day out", 4)


def test_each_comes_from_the_first_that_has_it():
    sidecar = packet("<xmp:Rating>-1</xmp:Rating>")
    assert described(sidecar, FULL) == Description(("Places|Rome", "holiday"), "A day out", -1)
    assert described(packet(listed("dc:subject", ["new"])), FULL, iptc=("old",)).keywords == ("new",)
    assert described(sidecar, iptc=("old", "old")).keywords == ("old",)


def test_what_this_program_wrote_is_no_keyword():
    assert described(merge_into(None, ANNA, DOG)) == NO_DESCRIPTION
    assert described(merge_into(FULL, ANNA, DOG)) == described(FULL)


@pytest.mark.parametrize("rating", ["", "x", "7", "1e999", "nan", "-2"])
def test_absurd_values_are_none(rating):
    broken = packet(f"<xmp:Rating>{rating}</xmp:Rating><dc:title><foo:a/></dc:title>")
    assert described(broken) == NO_DESCRIPTION
    many = packet(listed("dc:subject", [f"k{number}" for number in range(3 * MAX_KEYWORDS)]))
    assert len(described(many).keywords) == MAX_KEYWORDS


def test_they_are_in_the_report_and_found_by_tag(house, capsys):
    pipeline_file(house.pipeline, FACES, REPORT)
    house.input.mkdir(exist_ok=True)
    (house.input / "a.jpg").write_bytes(encoded(patches(), "JPEG", xmp=FULL))
    (house.input / "b.jpg").write_bytes(encoded(patches(), "JPEG"))
    (house.input / "b.jpg.xmp").write_bytes(packet(listed("lr:hierarchicalSubject", ["Places|Bonn"])))
    (house.input / "c.jpg").write_bytes(encoded(patches(), "JPEG"))
    house.night()
    report = json.loads((house.output / "a.jpg.json").read_text())
    assert (report["keywords"], report["title"], report["rating"]) == (
        ["Places|Rome", "holiday"],
        "A day out",
        4,
    )
    assert not {"keywords", "title", "rating"} & json.loads((house.output / "c.jpg.json").read_text()).keys()
    assert visualsearch.main(["index", str(house.output)]) == 0
    for query, names in (
        ("tag:rome", ["a.jpg"]),
        ("tag:places", ["a.jpg", "b.jpg"]),
        ("tag:holi*", ["a.jpg"]),
        ("bonn", ["b.jpg"]),
        ("-tag:places", ["c.jpg"]),
        ("tag:berlin", []),
        ("label:rome", []),
    ):
        capsys.readouterr()
        visualsearch.main(["query", str(house.output), "--", query])
        shown = capsys.readouterr().out
        assert [name for name in ("a.jpg", "b.jpg", "c.jpg") if name in shown] == names, query
