"""Keywords of a sidecar: what is written, replaced, respected and left alone."""

from __future__ import annotations

import pytest

from pipeline.detections import Box
from pipeline.xmp.embedded import Embedded
from pipeline.xmp.packet import Packet, PacketError
from reporters.xmp.photo import Photo
from reporters.xmp.proposal import Found
from tests.sidecars import ANNA, DOG, UPRIGHT, keywords, listed, merge_into, packet, without_item

CAT = Found("cat", False, Box(0, 0, 50, 50))


def photo_with(content: bytes, *iptc: str) -> Photo:
    return UPRIGHT._replace(read_embedded=lambda: Embedded(Packet(content), iptc))


def test_one_list_in_three_forms():
    assert keywords(merge_into(None, DOG, ANNA)) == (
        ["Anna", "dog"],
        ["Objects|dog", "People|Anna"],
        ["Objects/dog", "People/Anna"],
    )


def test_separators_within_a_name_make_no_levels():
    name = Found("AC/DC|live", True, None)
    assert keywords(merge_into(None, name)) == (
        ["AC/DC-live"],
        ["People|AC/DC-live"],
        ["People/AC\\DC-live"],
    )


def test_nothing_found_makes_no_sidecar_and_changes_none():
    from reporters.xmp.sidecar import merged
    from tests.sidecars import ROOTS

    assert merged(None, [], UPRIGHT, ROOTS, extension="jpg", is_beside=True) is None
    foreign = packet(listed("dc:subject", ["holiday"]))
    assert merged(foreign, [], UPRIGHT, ROOTS, extension="jpg", is_beside=True) is foreign


def test_same_findings_give_the_same_bytes():
    once = merge_into(packet(listed("dc:subject", ["holiday"]), 'xmp:Rating="4"'), DOG, ANNA)
    assert merge_into(once, DOG, ANNA) is once


def test_other_findings_replace_the_earlier_ones_and_nothing_else():
    before = merge_into(packet(listed("dc:subject", ["holiday"])), DOG, ANNA)
    assert keywords(merge_into(before, CAT)) == (
        ["cat", "holiday"],
        ["Objects|cat", "holiday"],
        ["Objects/cat", "holiday"],
    )
    assert keywords(merge_into(before))[0] == ["holiday"]


def test_keywords_that_were_there_before_stay_when_they_are_found_no_more():
    before = merge_into(packet(listed("dc:subject", ["dog", "holiday"])), DOG)
    assert keywords(before)[0] == ["dog", "holiday"]
    assert keywords(merge_into(before))[0] == ["dog", "holiday"]


def test_keywords_added_by_hand_stay():
    edited = Packet(merge_into(None, DOG))
    edited.change_items("{http://purl.org/dc/elements/1.1/}subject", "Bag", remove=[], add=["Rex"])
    assert keywords(merge_into(edited.serialized(), CAT))[0] == ["Rex", "cat"]


@pytest.mark.parametrize("removed", [("dog", "Objects|dog", "Objects/dog"), ("Objects|dog",), ("dog",)])
def test_a_keyword_removed_by_hand_does_not_come_back(removed):
    edited = without_item(merge_into(None, DOG, ANNA), *removed)
    once = merge_into(edited, DOG, ANNA)
    assert keywords(once) == (["Anna"], ["People|Anna"], ["People/Anna"])
    assert merge_into(once, DOG, ANNA) is once


def test_a_removed_keyword_comes_back_when_it_is_found_anew():
    edited = without_item(merge_into(None, DOG, ANNA), "dog", "Objects|dog", "Objects/dog")
    gone = merge_into(merge_into(edited, DOG, ANNA), ANNA)
    assert "dog" in keywords(merge_into(gone, DOG, ANNA))[0]


def test_a_new_sidecar_carries_the_photos_own_keywords_over():
    own = packet(
        listed("dc:subject", ["Rome", "holiday"]) + listed("lr:hierarchicalSubject", ["Places|Italy|Rome"])
    )
    assert keywords(merge_into(None, DOG, photo=photo_with(own, "scan", "holiday"))) == (
        ["Rome", "dog", "holiday", "scan"],
        ["Objects|dog", "Places|Italy|Rome", "holiday", "scan"],
        ["Objects/dog", "Places/Italy/Rome", "holiday", "scan"],
    )


def test_keywords_of_iptc_alone_are_carried_over():
    photo = UPRIGHT._replace(read_embedded=lambda: Embedded(None, ("Zoo",)))
    assert keywords(merge_into(None, DOG, photo=photo))[2] == ["Objects/dog", "Zoo"]


def test_a_list_that_is_made_beside_others_begins_with_what_they_say():
    sidecar = packet(listed("lr:hierarchicalSubject", ["Places|Rome", "holiday"]))
    assert keywords(merge_into(sidecar, DOG)) == (
        ["Rome", "dog", "holiday"],
        ["Objects|dog", "Places|Rome", "holiday"],
        ["Objects/dog", "Places/Rome", "holiday"],
    )


def test_a_list_in_two_descriptions_and_a_value_in_place_of_a_list():
    content = packet("", 'dc:subject="alone"')
    assert keywords(merge_into(content, DOG))[0] == ["alone", "dog"]
    two = packet("<foo:a>1</foo:a>").replace(
        b"</rdf:RDF>", f"<rdf:Description>{listed('dc:subject', ['x'])}</rdf:Description></rdf:RDF>".encode()
    )
    merged = merge_into(two, DOG)
    assert keywords(merged)[0] == ["dog", "x"]
    assert merged.count(b"<dc:subject") == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<",
        b"\0\1\2",
        b"<html/>",
        packet("<dc:subject><foo:a/></dc:subject>"),
        b'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + packet("<foo:a>&e;</foo:a>"),
        b'<!DOCTYPE r [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
        + packet("<foo:a>&b;</foo:a>"),
        b"<a>" * 100_000,
    ],
)
def test_what_is_no_packet_is_refused(content):
    with pytest.raises(PacketError):
        merge_into(content, DOG)


def test_too_large_a_packet_is_refused():
    with pytest.raises(PacketError, match="MB"):
        merge_into(packet("<foo:a>" + "x" * (17 << 20) + "</foo:a>"), DOG)


def test_labels_that_xml_cannot_hold():
    from reporters.xmp.proposal import clean

    assert clean("\x1b[31m a\n\ufffeb\ud800 ") == "[31m a b"
    assert keywords(merge_into(None, Found('"><&猫', False, None)))[0] == ['"><&猫']
