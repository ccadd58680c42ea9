"""Packets with random damage: read, merged or refused in a sentence, and nothing else."""

from __future__ import annotations

import random
import re

import pytest

from pipeline.source import Turn
from pipeline.xmp.namedfaces import named_faces
from pipeline.xmp.packet import Packet, PacketError
from reporters.xmp.describing import describe_packets
from reporters.xmp.leftover import has_nothing_else
from tests.reporters.xmp.test_programs import PROGRAMS
from tests.sidecars import ANNA, DOG, merge_into

SEEDS = [*(text.encode() for text in PROGRAMS.values()), merge_into(None, ANNA, DOG)]
TAG = re.compile(rb"<[^>]+>")
INSERTED = (
    *(b"<rdf:li>", b"</rdf:li>", b'rdf:parseType="Resource"', b"<rdf:Bag/>", b"<!-- -->", b"<?p?>", b"&#0;"),
    *(b"<dc:subject>", b"1e999", b"-1", b"<![CDATA[x]]>", b"\xff", b"xmlns:dvm='urn:x'"),
)
SWAPPED = (
    *((b"rdf:Bag", b"dc:subject"), (b"mwg-rs:Area", b"mwg-rs:Name"), (b"rdf:li", b"rdf:Description")),
    *((b"mwg-rs:RegionList", b"mwg-rs:AppliedToDimensions"), (b"dc:subject", b"mwg-rs:Regions")),
    *((b"dvm:addedFaces", b"dc:subject"), (b"rdf:Description", b"rdf:li")),
)


def damaged(dice: random.Random) -> bytes:
    content = dice.choice(SEEDS)
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(content))
        tag = dice.choice(list(TAG.finditer(content)) or [None])
        kind = dice.randrange(4)
        if kind == 0:
            content = content[:at] + bytes([dice.randrange(256)]) + content[at + 1 :]
        elif kind == 1:
            content = content[:at] + dice.choice(INSERTED) + content[at:]
        elif kind == 2 and tag is not None:
            instead = dice.choice((b"", b"<rdf:li/>", b"<!--x-->", tag.group().rstrip(b"/>") + b"/>"))
            content = content[: tag.start()] + instead + content[tag.end() :]
        else:
            content = content.replace(*dice.choice(SWAPPED))
    return content


@pytest.mark.parametrize("start", range(0, 4000, 1000))
def test_damaged_packets_are_used_or_refused(start):
    used = 0
    for seed in range(start, start + 1000):
        content = damaged(random.Random(seed))
        has_nothing_else(content)
        try:
            packet = Packet(content)
            merged = merge_into(content, ANNA, DOG)
        except PacketError:
            continue
        used += 1
        Packet(merged)
        describe_packets([packet])
        named_faces([packet], (640, 480), Turn())
    assert used > 100
