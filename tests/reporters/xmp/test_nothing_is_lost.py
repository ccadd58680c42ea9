"""Merging with random foreign content: after any number of merges all of it is there."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from lxml import etree

from pipeline.detections import Box
from pipeline.source import Turn
from pipeline.xmp.embedded import Embedded
from pipeline.xmp.names import DESCRIPTION, LI
from reporters.xmp.photo import Photo
from reporters.xmp.proposal import Found
from tests.sidecars import NAMESPACES, keywords, listed, merge_into, region, regions

WORDS = ("Rome", "holiday", "dog", "Zoë", "a&amp;b", "猫", "sea side", "dvm", "x|y", "p/q", "Anna")
NAMES = ("Anna", "Berta", "Carl", "Zoë", 'D"')
FOREIGN = (
    "<foo:a>text</foo:a>",
    "<!-- a comment -->",
    '<foo:s rdf:parseType="Resource"><foo:b>1</foo:b><foo:c>2</foo:c></foo:s>',
    "<foo:history><rdf:Seq><rdf:li foo:n='1' foo:op='exposure'/><rdf:li foo:n='2'/></rdf:Seq></foo:history>",
    "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>A title</rdf:li></rdf:Alt></dc:title>",
    "<foo:cd><![CDATA[<raw>]]></foo:cd>",
    "<xmp:Rating>3</xmp:Rating>",
    "<?pi data?>",
    "<foo:empty/>",
)


def foreign_packet(dice: random.Random) -> bytes:
    """A packet of several descriptions with random properties, keyword lists, regions and white space."""
    lists = {
        "dc:subject": "Bag",
        "lr:hierarchicalSubject": "Bag",
        "digiKam:TagsList": dice.choice(("Seq", "Bag")),
    }
    properties = dice.sample(FOREIGN, dice.randrange(len(FOREIGN)))
    for name, kind in lists.items():
        if dice.random() < 0.5:
            properties.append(listed(name, dice.sample(WORDS, dice.randrange(1, 5)), kind))
    if dice.random() < 0.5:
        faces = (
            region(escaped(dice.choice((*NAMES, ""))), *(round(dice.uniform(0.1, 0.9), 3) for _ in range(4)))
            for _ in range(dice.randrange(1, 5))
        )
        properties.append(regions(*faces))
    dice.shuffle(properties)
    gap = dice.choice(("", "\n   ", " ", "\n\t"))
    cut = dice.randrange(len(properties) + 1)
    first, second = gap.join(properties[:cut]), gap.join(properties[cut:])
    text = f'<rdf:Description rdf:about="" xmp:CreatorTool="x">{gap}{first}{gap}</rdf:Description>'
    if second:
        text += f'{gap}<rdf:Description rdf:about="" foo:z="1">{gap}{second}</rdf:Description>'
    rdf = f"<rdf:RDF {NAMESPACES}>{gap}{text}{gap}</rdf:RDF>"
    wrapped = f"<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='XMP Core 4.4.0-Exiv2'>{rdf}</x:xmpmeta>"
    before = dice.choice(("", '<?xml version="1.0" encoding="UTF-8"?>\n', '<?xpacket begin="" id="W5"?>\n'))
    return (before + wrapped).encode()


def escaped(text: str) -> str:
    return text.replace('"', "&quot;")


def finds(dice: random.Random) -> list[Found]:
    found = [Found(dice.choice(("dog", "cat", "Rome", "x|y")), False, Box(1, 1, 9, 9))] * dice.randrange(2)
    for name in dice.sample(NAMES, dice.randrange(3)):
        x, y = dice.randrange(500), dice.randrange(400)
        found.append(Found(name, True, Box(x, y, x + dice.randrange(10, 140), y + dice.randrange(10, 80))))
    return found


def parts(content: bytes) -> Counter[str]:
    """Each attribute, leaf and comment of a packet with the names above it, but this program's own."""
    found: Counter[str] = Counter()

    def walk(element: Any, path: str) -> None:
        if not isinstance(element.tag, str):
            found[f"{path} {type(element).__name__} {element.text}"] += 1
            return
        if "deepvisualminer" in element.tag:
            return
        above = f"{path}/{element.tag}" if element.tag not in (DESCRIPTION, LI) else f"{path}/-"
        for name, value in element.attrib.items():
            if "deepvisualminer" not in name:
                found[f"{above}@{name}={value}"] += 1
        if len(element) == 0 and element.tag != DESCRIPTION:
            found[f"{above}={(element.text or '').strip()}"] += 1
        for child in element:
            walk(child, above)

    root = etree.fromstring(content)
    walk(root, "")
    for sibling in (*root.itersiblings(preceding=True), *root.itersiblings()):
        found[f"{getattr(sibling, 'target', '')} {sibling.text}"] += 1
    return found


def check(seed: int) -> None:
    dice = random.Random(seed)
    foreign = foreign_packet(dice)
    photo = Photo((640, 480), dice.choice((None, *(Turn(n, n) for n in range(1, 9)))), Embedded)
    expected, content = parts(foreign), foreign
    for _ in range(3):
        found = finds(dice)
        content = merge_into(content, *found, photo=photo)
        lost = expected - parts(content)
        assert not lost, (seed, lost)
        assert merge_into(content, *found, photo=photo) is content, seed
    cleared = merge_into(content, photo=photo)
    flat, tree, tags = keywords(foreign)
    for before, after in zip((flat, tree, tags), keywords(cleared), strict=True):
        assert not before or before == after, seed


def test_ten_thousand_merges_lose_nothing():
    merges_a_seed = 7
    for seed in range(10_000 // merges_a_seed):
        check(seed)
