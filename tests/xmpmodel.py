"""XMP as values, a reader of any packet into them, and a writer in one of many equal forms of XML.

The reader is independent of the product: it uses the XML parser of Python's library.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ARRAYS = ("Bag", "Seq", "Alt")


@dataclass
class Value:
    """A property's value.

    Args:
        kind: `text`, `uri`, `struct`, or the kind of a list.
        text: of a text or URI.
        items: of a list.
        fields: of a structure, by qualified name.
        qualifiers: by qualified name; `xml:lang` is one.
    """

    kind: Literal["text", "uri", "struct", "Bag", "Seq", "Alt"] = "text"
    text: str = ""
    items: list[Value] = field(default_factory=list)
    fields: dict[str, Value] = field(default_factory=dict)
    qualifiers: dict[str, str] = field(default_factory=dict)


Properties = dict[str, Value]


def read(content: bytes) -> Properties:
    """The properties of a packet, in the order of their elements."""
    root = ElementTree.fromstring(content)
    rdf = root if root.tag == f"{RDF}RDF" else next(root.iter(f"{RDF}RDF"))
    found: Properties = {}
    for description in rdf.findall(f"{RDF}Description"):
        _add_fields(found, description)
    return found


def _add_fields(found: Properties, element: ElementTree.Element) -> None:
    for name, text in element.attrib.items():
        if not name.startswith(RDF) and name != LANG:
            assert name not in found, name
            found[name] = Value(text=text)
    for child in element:
        assert child.tag not in found, child.tag
        found[child.tag] = _value(child)


def _value(element: ElementTree.Element) -> Value:
    qualifiers = {LANG: element.attrib[LANG]} if LANG in element.attrib else {}
    if (uri := element.get(f"{RDF}resource")) is not None:
        return Value("uri", uri, qualifiers=qualifiers)
    children = list(element)
    if len(children) == 1 and children[0].tag in {f"{RDF}{kind}" for kind in _ARRAYS}:
        kind = children[0].tag.removeprefix(RDF)
        return Value(kind, items=[_value(item) for item in children[0]], qualifiers=qualifiers)  # type: ignore[arg-type]
    fields: Properties = {}
    is_wrapped = len(children) == 1 and children[0].tag == f"{RDF}Description"
    holder = children[0] if is_wrapped else element
    _add_fields(fields, holder)
    inner = fields.pop(f"{RDF}value", None) or (
        Value(text=holder.attrib[f"{RDF}value"]) if f"{RDF}value" in holder.attrib else None
    )
    if inner is not None:
        return Value(
            "text", inner.text, qualifiers=qualifiers | {name: one.text for name, one in fields.items()}
        )
    if fields or children or element.get(f"{RDF}parseType"):
        return Value("struct", fields=fields, qualifiers=qualifiers)
    return Value("text", element.text or "", qualifiers=qualifiers)


class Writer:
    """Writes properties as a packet, each in a form that is chosen at random.

    Args:
        dice: chooses.
    """

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._prefixes: dict[str, str] = {}
        self._gap = dice.choice(("", "\n", "\n    ", "\n\t", "\r\n  "))

    def packet(self, properties: Properties) -> bytes:
        """The packet, with a wrapper, an encoding and foreign nodes around it."""
        names = list(properties)
        cuts = sorted(self._dice.choices(range(len(names) + 1), k=self._dice.randrange(3)))
        groups = [names[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(names)], strict=True)]
        about = self._dice.choice(("", "", "uuid:faf5bdd5-ba3d-11da-ad31-d33d75182f1b"))
        body = self._gap.join(
            self._description({name: properties[name] for name in group}, about) for group in groups
        )
        declared = " ".join(f"xmlns:{prefix}={quoteattr(uri)}" for uri, prefix in self._prefixes.items())
        text = f"<r:RDF xmlns:r={quoteattr(RDF[1:-1])} {declared}>{self._gap}{body}{self._gap}</r:RDF>"
        if self._dice.random() < 0.8:
            kit = self._dice.choice(('x:xmptk="XMP Core 5.5.0"', "", 'x:xmptk="Image::ExifTool 12.57"'))
            text = f'<x:xmpmeta xmlns:x="adobe:ns:meta/" {kit}>{self._comment()}{text}</x:xmpmeta>'
        if self._dice.random() < 0.5:
            padding = " " * self._dice.randrange(200)
            text = f'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{text}{padding}\n<?xpacket end="w"?>'
        return self._encoded(f"{self._comment()}{text}{self._comment()}")

    def _encoded(self, text: str) -> bytes:
        name = self._dice.choice(("", "", "UTF-8", "utf-8", "UTF-16", "BOM"))
        if name == "UTF-16":
            return f'<?xml version="1.0" encoding="UTF-16"?>{text}'.encode("utf-16")
        if name == "BOM":
            return text.encode("utf-8-sig")
        return (f'<?xml version="1.0" encoding="{name}"?>\n{text}' if name else text).encode()

    def _comment(self) -> str:
        return self._dice.choice(("", "", "", "<!-- kept - & <kept> -->", "<?other-program keep='1'?>"))

    def _description(self, properties: Properties, about: str) -> str:
        as_attributes = [n for n, v in properties.items() if self._is_plain(v) and self._dice.random() < 0.5]
        attributes = "".join(f" {self._attribute(name, properties[name].text)}" for name in as_attributes)
        elements = [self._element(name, one) for name, one in properties.items() if name not in as_attributes]
        inner = self._gap.join(text for element in elements for text in (self._comment(), element) if text)
        opening = f"<r:Description r:about={quoteattr(about)}{attributes}>"
        return f"{opening}{self._gap}{inner}{self._gap}</r:Description>"

    @staticmethod
    def _is_plain(value: Value) -> bool:
        return value.kind == "text" and not value.qualifiers

    def _name(self, name: str) -> str:
        uri, _, local = name[1:].partition("}")
        if uri == RDF[1:-1]:
            return f"r:{local}"
        return f"{self._prefixes.setdefault(uri, f'n{len(self._prefixes)}')}:{local}"

    def _attribute(self, name: str, text: str) -> str:
        return f"{self._name(name)}={quoteattr(text, {chr(10): '&#10;', chr(9): '&#9;'})}"

    def _element(self, name: str, value: Value) -> str:
        tag = self._name(name)
        others = {one: text for one, text in value.qualifiers.items() if one != LANG}
        lang = f' xml:lang="{value.qualifiers[LANG]}"' if LANG in value.qualifiers else ""
        if value.kind == "uri":
            return f"<{tag}{lang} r:resource={quoteattr(value.text)}/>"
        if value.kind == "struct":
            return self._structure(f"{tag}{lang}", tag, value.fields)
        if value.kind == "text" and others:
            fields = {f"{RDF}value": Value(text=value.text)} | {
                one: Value(text=text) for one, text in others.items()
            }
            return self._structure(f"{tag}{lang}", tag, fields)
        if value.kind == "text":
            return f"<{tag}{lang}>{self._text(value.text)}</{tag}>"
        items = self._gap.join(self._element(f"{RDF}li", item) for item in value.items)
        return (
            f"<{tag}{lang}>{self._gap}<r:{value.kind}>{self._gap}{items}</r:{value.kind}>{self._gap}</{tag}>"
        )

    def _text(self, text: str) -> str:
        if self._dice.random() < 0.2 and "]]>" not in text:
            return f"<![CDATA[{text}]]>"
        if self._dice.random() < 0.2:
            return "".join(f"&#x{ord(char):x};" for char in text)
        return escape(text)

    def _structure(self, opening: str, tag: str, fields: Properties) -> str:
        plain = all(self._is_plain(one) for one in fields.values())
        is_value = f"{RDF}value" in fields
        form = self._dice.randrange(4 if plain and fields and not is_value else 3)
        attributes = "".join(f" {self._attribute(name, one.text)}" for name, one in fields.items() if plain)
        if form == 3:
            return f"<{opening}{attributes}/>"
        if form == 2 and plain:
            return f"<{opening}><r:Description{attributes}/></{tag}>"
        inner = self._gap.join(self._element(name, one) for name, one in fields.items())
        if form == 1:
            return f"<{opening}>{self._gap}<r:Description>{inner}</r:Description>{self._gap}</{tag}>"
        return f'<{opening} r:parseType="Resource">{self._gap}{inner}{self._gap}</{tag}>'
