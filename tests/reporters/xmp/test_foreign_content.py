"""Merging into sidecars of random foreign content, changed by people and other programs between the runs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from copy import deepcopy

import pytest
from lxml import etree

from pipeline.detections import Box
from pipeline.source import Turn
from pipeline.xmp.embedded import Embedded
from pipeline.xmp.keywords import FORMS
from pipeline.xmp.names import SUBJECT, qualified
from pipeline.xmp.packet import Packet
from pipeline.xmp.regions import MWG_REGIONS, Area, to_stored
from reporters.xmp.merging import Roots
from reporters.xmp.photo import Photo
from reporters.xmp.proposal import Found
from tests.sidecars import merge_into
from tests.xmpmodel import LANG, Properties, Value, Writer, read

KEYWORDS = {form.name: form for form in FORMS}
OWN = "{urn:deepvisualminer"
ROOTS = Roots("People", "Objects")
NAMES = ("Anna", "Berta", "Zoë", 'D"', "Ann|a", "x & y")
LABELS = ("dog", "cat", "Rome", "traffic light")
WORDS = (*LABELS, "Dog", "Anna", "holiday", "Zoë", "a&b<c>", "猫", "sea side", "p/q", "x|y", "People", "🐕")
TREE = ("Objects|dog", "People|Anna", "Places|Rome", "People|Zoë|child", "a")
TAGS = ("Objects/dog", "People/Anna", "Places/Rome", "p/q/r")
TEXTS = ("", "x", " spaced ", "ä\u00a0ö", "two\nlines", "a & <b> \"c\" 'd'", "漢字", "🐕", "0", "x" * 3000)
SPACES = ("http://example.invalid/a/", "http://darktable.sf.net/", "urn:x:y#", "http://ns.adobe.com/xap/1.0/")
LOCALS = ("Rating", "history", "subject", "title", "Regions", "value", "li", "a-b.c", "é", "addedTags")


def foreign_name(dice: random.Random) -> str:
    return f"{{{dice.choice(SPACES)}}}{dice.choice(LOCALS)}"


def foreign_value(dice: random.Random, depth: int = 0) -> Value:
    kind = dice.choice(("text", "text", "uri", "struct", "Bag", "Seq", "Alt"))
    if depth == 3 or kind in ("text", "uri"):
        one = Value("uri" if kind == "uri" else "text", dice.choice(TEXTS))
    elif kind == "struct":
        fields = {foreign_name(dice): foreign_value(dice, depth + 1) for _ in range(dice.randrange(4))}
        one = Value("struct", fields=fields)
    else:
        one = Value(kind, items=[foreign_value(dice, depth + 1) for _ in range(dice.randrange(4))])  # type: ignore[arg-type]
    if dice.random() < 0.2:
        one.qualifiers[LANG] = dice.choice(("x-default", "de-AT", "ja"))
    if one.kind == "text" and dice.random() < 0.1:
        one.qualifiers["{http://example.invalid/q/}note"] = dice.choice(TEXTS)
    return one


def keyword_list(dice: random.Random, texts: tuple[str, ...]) -> Value:
    items = [Value(text=text) for text in dice.choices(texts, k=dice.randrange(1, 6))]
    for item in items:
        if dice.random() < 0.2:
            item.qualifiers["{http://example.invalid/q/}by"] = "hand"
    return Value(dice.choice(("Bag", "Bag", "Seq")), items=items)  # type: ignore[arg-type]


def region(dice: random.Random, numbers: Sequence[float] = ()) -> Value:
    numbers = numbers or [dice.uniform(0.1, 0.5) for _ in "xywh"]
    texts = [f"{number:.4f}" for number in numbers]
    area = {qualified(f"stArea:{one}"): Value(text=text) for one, text in zip("xywh", texts, strict=True)}
    area[qualified("stArea:unit")] = Value(text="normalized")
    fields = {
        qualified("mwg-rs:Area"): Value("struct", fields=area),
        qualified("mwg-rs:Type"): Value(text="Face"),
    }
    if dice.random() < 0.8:
        fields[qualified("mwg-rs:Name")] = Value(text=dice.choice(NAMES))
    if dice.random() < 0.3:
        fields[foreign_name(dice)] = foreign_value(dice, 2)
    return Value("struct", fields=fields)


def regions(dice: random.Random) -> Value:
    fields = {
        qualified("mwg-rs:RegionList"): Value("Bag", items=[region(dice) for _ in range(dice.randrange(4))])
    }
    if dice.random() < 0.7:
        size = {qualified("stDim:w"): Value(text="640"), qualified("stDim:h"): Value(text="480")}
        fields[qualified("mwg-rs:AppliedToDimensions")] = Value("struct", fields=size)
    if dice.random() < 0.3:
        fields[foreign_name(dice)] = foreign_value(dice, 2)
    return Value("struct", fields=fields)


def foreign_properties(dice: random.Random) -> Properties:
    found = {foreign_name(dice): foreign_value(dice) for _ in range(dice.randrange(8))}
    for (name, _), texts in zip(KEYWORDS.items(), (WORDS, TREE, TAGS), strict=True):
        if dice.random() < 0.5:
            found[name] = keyword_list(dice, texts)
    if SUBJECT not in found and dice.random() < 0.1:
        found[SUBJECT] = Value(text=dice.choice(WORDS))  # a list that a careless program wrote as one value
    if dice.random() < 0.5:
        found[MWG_REGIONS] = regions(dice)
    order = list(found)
    dice.shuffle(order)
    return {name: found[name] for name in order}


def findings(dice: random.Random) -> list[Found]:
    found = [Found(label, False, Box(1, 1, 9, 9)) for label in dice.sample(LABELS, dice.randrange(3))]
    for name in dice.sample(NAMES, dice.randrange(3)):
        x, y = dice.randrange(500), dice.randrange(300)
        found.append(Found(name, True, Box(x, y, x + dice.randrange(20, 140), y + dice.randrange(20, 160))))
    return found


def items_of(properties: Properties, name: str) -> list[Value]:
    one = properties.get(name)
    if one is None:
        return []
    return [one] if one.kind == "text" else one.items


def texts_of(properties: Properties, name: str) -> list[str]:
    return [item.text.strip() for item in items_of(properties, name)]


def region_items(properties: Properties) -> list[Value]:
    structure = properties.get(MWG_REGIONS, Value())
    return structure.fields.get(qualified("mwg-rs:RegionList"), Value()).items


def without_own(properties: Properties) -> dict[str, object]:
    """What is foreign for certain: all but keywords, region lists and this program's notes."""
    found: dict[str, object] = {}
    for name, value in properties.items():
        if name == MWG_REGIONS:
            listed = (qualified("mwg-rs:RegionList"), qualified("mwg-rs:AppliedToDimensions"))
            found |= {f"{name}/{one}": v for one, v in value.fields.items() if one not in listed}
        elif name not in KEYWORDS and not name.startswith(OWN):
            found[name] = value
    return found


def is_part_in_order(part: list[Value], whole: list[Value]) -> bool:
    rest = iter(whole)
    return all(any(one == other for other in rest) for one in part)


def nodes(content: bytes) -> list[str]:
    """Comments and processing instructions in their order."""
    root = etree.fromstring(content)
    around = [*reversed(list(root.itersiblings(preceding=True))), *root.iter(), *root.itersiblings()]
    return [
        etree.tostring(node, with_tail=False).decode() for node in around if not isinstance(node.tag, str)
    ]


def element_order(content: bytes) -> list[str]:
    """Names of the foreign elements among the properties, in the order of the file."""
    packet = Packet(content)
    tags = [child.tag for one in packet.descriptions() for child in one if isinstance(child.tag, str)]
    return [tag for tag in tags if tag not in (*KEYWORDS, MWG_REGIONS) and not tag.startswith(OWN)]


def edit(dice: random.Random, properties: Properties) -> tuple[Properties, set[tuple[str, str]]]:
    """What another program and its user make of a sidecar: tags added, removed, renamed, in any of the lists.

    Returns: the properties; the keywords that were removed from every list, by list.
    """
    edited, removed = deepcopy(properties), set[tuple[str, str]]()
    for name in [one for one in KEYWORDS if one in edited and edited[one].kind != "text"]:
        items = edited[name].items
        for item in list(items):
            chance = dice.random()
            if chance < 0.2:
                items[:] = [other for other in items if other.text.strip() != item.text.strip()]
                removed.add((name, item.text.strip()))
            elif chance < 0.3:
                item.text = dice.choice((item.text.upper(), f"{item.text}!"))
        if dice.random() < 0.3:
            items.insert(dice.randrange(len(items) + 1), Value(text="by hand"))
        if items and dice.random() < 0.2:  # the same keyword once more, and it says who gave it
            items.insert(0, Value(text=items[-1].text, qualifiers={"{http://example.invalid/q/}by": "hand"}))
        if not items:
            del edited[name]
    for item in region_items(edited):
        if dice.random() < 0.2:
            item.fields[qualified("mwg-rs:Name")] = Value(text="Someone Else")
    if dice.random() < 0.3:
        edited[foreign_name(dice)] = foreign_value(dice)
    return edited, removed


def own_texts(properties: Properties, name: str) -> list[str]:
    words = dict(zip(KEYWORDS, ("addedSubjects", "addedHierarchy", "addedTags"), strict=True))
    return texts_of(properties, qualified(f"dvm:{words[name]}"))


def foreign_items(properties: Properties, name: str) -> list[Value]:
    """The keywords that this program has not added; of equal ones the last is its own."""
    own, kept = own_texts(properties, name), []
    for item in reversed(items_of(properties, name)):
        if item.text.strip() in own:
            own.remove(item.text.strip())
        elif item.text.strip():
            kept.append(item)
    return kept[::-1]


def own_areas(properties: Properties) -> list[Area]:
    added = texts_of(properties, qualified("dvm:addedFaces"))
    return [Area(*map(float, text.split(" ")[:4])) for text in added]


def area_of(item: Value) -> Area:
    fields = item.fields[qualified("mwg-rs:Area")].fields
    return Area(*(float(fields[qualified(f"stArea:{axis}")].text) for axis in "xywh"))


def is_own_region(item: Value, areas: list[Area]) -> bool:
    return any(max(abs(a - b) for a, b in zip(area_of(item), own, strict=True)) < 1e-5 for own in areas)


def name_of(item: Value) -> str:
    return item.fields.get(qualified("mwg-rs:Name"), Value()).text


def check_merge(before: Properties, content: bytes, found: list[Found], photo: Photo) -> bytes:
    """Merge, and compare all that must be there before and after."""
    after_content = merge_into(content, *found, photo=photo)
    after = read(after_content)
    assert without_own(after) == without_own(before)
    assert element_order(after_content) == element_order(content)
    kept = nodes(content)
    assert [node for node in nodes(after_content) if node in kept] == kept
    for name in KEYWORDS:
        assert is_part_in_order(foreign_items(before, name), items_of(after, name)), name
    foreign = [one for one in region_items(before) if not is_own_region(one, own_areas(before))]
    assert is_part_in_order(foreign, region_items(after))
    areas = own_areas(after)
    by_hand = [area_of(one) for one in foreign if name_of(one) and not is_own_region(one, areas)]
    assert not any(own.iou(area) > 0.5 for own in areas for area in by_hand), "a name given by hand wins"
    assert merge_into(after_content, *found, photo=photo) is after_content
    return after_content


def name_by_hand(dice: random.Random, properties: Properties, found: list[Found], photo: Photo) -> None:
    """Put a region of some name over each face that is found, as a person would have drawn it."""
    if photo.turn is None or not region_items(properties):
        return
    for x1, y1, x2, y2 in (one.box.xyxy for one in found if one.is_name and one.box):
        upright = Area((x1 + x2) / 1280, (y1 + y2) / 960, (x2 - x1) / 640, (y2 - y1) / 480)
        region_items(properties).append(region(dice, to_stored(upright, photo.turn.orientation)))


def check(seed: int, merges: int = 4) -> None:
    """Merge into a sidecar, edit it, let another program rewrite it, and merge again."""
    dice = random.Random(seed)
    photo = Photo((640, 480), dice.choice((None, *(Turn(n, n) for n in range(1, 9)))), Embedded)
    original = foreign_properties(dice)
    before, found, gone = original, findings(dice), set[tuple[str, str]]()
    if dice.random() < 0.5:
        name_by_hand(dice, original, found, photo)
    for _ in range(merges):
        content = Writer(dice).packet(before)
        assert read(content) == before
        after = read(check_merge(before, content, found, photo))
        for name, text in gone:
            hand_made = [item.text.strip() for item in foreign_items(before, name)]
            assert text in hand_made or text not in texts_of(after, name), (name, text)
        before, removed = edit(dice, after)
        same = dice.random() < 0.6
        found = found if same else findings(dice)
        own = {(name, text) for name, text in removed if text in own_texts(after, name)}
        gone = (gone | own) if same else set()
    cleared = read(check_merge(before, Writer(dice).packet(before), [], photo))
    assert not any(own_texts(cleared, name) for name in KEYWORDS)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_foreign_content_stays_equal_in_meaning_and_order(first):
    for seed in range(first, first + 50):
        try:
            check(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error
