"""An XMP packet as a tree that keeps what this program does not know, and its list properties.

Packets come from outside: at most `MAX_BYTES` are parsed, a document type declaration is refused, no entity
is resolved, and nothing is fetched.

Source: ISO 16684-1 (XMP: data model, serialization as RDF/XML).
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Sequence
from typing import Any

from lxml import etree

from pipeline.xmp.names import (
    ABOUT,
    CONTAINERS,
    DESCRIPTION,
    LI,
    MAX_BYTES,
    PARSE_TYPE,
    PREFIXES,
    RDF,
    VALUE,
    qualified,
)

for _prefix, _namespace in PREFIXES.items():  # else lxml names them ns0, ns1
    etree.register_namespace(_prefix, _namespace)

_EMPTY = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Deep Visual Miner">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_RESOURCE = "Resource"


class PacketError(ValueError):
    """A packet cannot be read, or has a property in a form that XMP does not have; says which."""


class Packet:
    """One XMP packet.

    Args:
        content: XML in any encoding that XMP allows.
    Raises: PacketError: it is too large, no XML, has a document type declaration, or no rdf:RDF.
    """

    def __init__(self, content: bytes) -> None:
        if len(content) > MAX_BYTES:
            raise PacketError(f"it has more than {MAX_BYTES >> 20} MB")
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, strip_cdata=False
        )
        if not content.startswith(_UTF_16):
            content = content.strip(b"\0 \t\r\n")
        try:
            root = etree.fromstring(content, parser)
        except (etree.XMLSyntaxError, ValueError, LookupError) as error:
            raise PacketError(f"it is no XML ({' '.join(str(error).split())})") from None
        self._tree = root.getroottree()
        if self._tree.docinfo.internalDTD is not None:
            raise PacketError("it has a document type declaration")
        self._begin = _DECLARATION if b"<?xml " in content[:100].replace(b"\0", b"") else b""
        rdf: Any = root if root.tag == RDF else next(root.iter(RDF), None)
        if rdf is None:
            raise PacketError("it has no rdf:RDF")
        self.rdf = rdf
        self._descriptions: list[Any] = list(rdf.iterchildren(DESCRIPTION))

    @classmethod
    def empty(cls) -> Packet:
        """A new packet without properties."""
        return cls(_EMPTY.encode())

    def serialized(self) -> bytes:
        """The packet as UTF-8."""
        root = self._tree.getroot()
        around = [*reversed(list(root.itersiblings(preceding=True))), root, *root.itersiblings()]
        texts = (
            etree.tostring(node, encoding="UTF-8", xml_declaration=False, with_tail=False) for node in around
        )
        return self._begin + b"\n".join(texts) + b"\n"

    def descriptions(self) -> Sequence[Any]:
        """The elements that hold the properties of the photo itself."""
        return self._descriptions

    def description(self) -> Any:
        """The first of them, made if there is none; readers that know only one take this."""
        if not self._descriptions:
            self._descriptions.append(etree.Element(DESCRIPTION, {ABOUT: ""}))
            append_indented(self.rdf, self._descriptions[0])
        return self._descriptions[0]

    def find(self, name: str) -> Any | None:
        """The element of a property, or None if there is none."""
        for description in self._descriptions:
            for found in description.iterchildren(name):
                return found
        return None

    def simple(self, name: str) -> str | None:
        """The text of a property that is one value; None if there is none."""
        for description in self.descriptions():
            if (text := description.get(name)) is not None:
                return str(text)
        element = self.find(name)
        return None if element is None or len(element) else (element.text or "").strip()

    def set_simple(self, name: str, text: str | None) -> None:
        """Give a property of one value as an attribute of the first description, or remove it."""
        for description in self.descriptions():
            description.attrib.pop(name, None)
        if (element := self.find(name)) is not None:
            remove_indented(element)
        if text is not None:
            self.description().set(name, text)

    def add(self, element: Any) -> Any:
        """Add a property's element to the first description; returns the element."""
        append_indented(self.description(), element)
        return element

    def new(self, name: str) -> Any:
        """Add an empty property to the first description, with its usual prefix."""
        return self.add(etree.Element(name, nsmap=prefix_of(name)))

    def add_copy(self, element: Any) -> Any:
        """Add a copy of another packet's property."""
        return self.add(copy.deepcopy(element))

    def has(self, name: str) -> bool:
        """Whether a property is there, in whatever form."""
        return self.find(name) is not None or any(name in one.attrib for one in self.descriptions())

    def items(self, name: str) -> list[str]:
        """The texts of a list, without empty ones; a property of one value is a list of one.

        Raises: PacketError: it is no list of texts.
        """
        element = self.find(name)
        if element is None:
            text = self.simple(name)
            return [text] if text else []
        container = _container(element)
        if container is None:
            if len(element):
                raise PacketError(f"{etree.QName(name).localname} is no list")
            text = (element.text or "").strip()
            return [text] if text else []
        return [text for item in container.iterchildren(LI) if (text := item_text(item))]

    def change_items(self, name: str, kind: str, *, remove: Sequence[str], add: Sequence[str]) -> None:
        """Remove items from a list and append others; what is not named stays as it is.

        Args:
            name: the property; it is made if it is missing, and removed if it becomes empty.
            kind: `Bag` or `Seq`, of a list that is made.
            remove: each removes one item of this text, the last one.
            add: in this order.
        Raises: PacketError: it is no list of texts.
        """
        if not remove and not add:
            return
        element = self.find(name)
        container: Any = None if element is None else _container(element)
        if container is None:
            only = self.items(name)
            self.set_simple(name, None)
            element = self.new(name)
            container = etree.Element(qualified(f"rdf:{kind}"))
            append_indented(element, container)
            add = (*only, *add)
        for text in remove:
            same = [item for item in container.iterchildren(LI) if item_text(item) == text]
            if same:
                remove_indented(same[-1])
        for text in add:
            item = etree.Element(LI)
            item.text = text
            append_indented(container, item)
        if not len(container):
            remove_indented(element)


def _container(element: Any) -> Any | None:
    """The Bag, Seq or Alt of a property's element; None if it has none."""
    return next(iter(element.iterchildren(*CONTAINERS)), None)


def item_text(item: Any) -> str:
    """The text of a list's item, with or without qualifiers; empty if it is no text."""
    if not len(item):
        return (item.text or item.get(VALUE) or "").strip()
    holder = next(item.iterchildren(DESCRIPTION), item)
    value = holder.find(VALUE)
    return ((holder.get(VALUE) or "") if value is None else (value.text or "")).strip()


def list_elements(element: Any) -> list[Any]:
    """The items of a list property's element, as elements."""
    container = _container(element)
    return [] if container is None else list(container.iterchildren(LI))


def fields_of(element: Any) -> Any:
    """The element that holds a structure's fields, as attributes or as children: itself, or one within."""
    return next(element.iterchildren(DESCRIPTION), element)


def field_text(element: Any, name: str) -> str | None:
    """The text of a structure's field; None if it is missing or no text."""
    holder = fields_of(element)
    if (text := holder.get(name)) is not None:
        return str(text).strip()
    child = holder.find(name)
    return None if child is None or len(child) else (child.text or "").strip()


def as_structure(element: Any) -> Any:
    """Make sure that an element can take fields as children; returns the element that holds them.

    Raises: PacketError: it has another form.
    """
    inner = next(element.iterchildren(DESCRIPTION), None)
    if inner is not None:
        return inner
    if element.get(PARSE_TYPE) != _RESOURCE:
        if len(element) or element.attrib or (element.text or "").strip():
            raise PacketError(f"{etree.QName(element).localname} is no structure")
        element.set(PARSE_TYPE, _RESOURCE)
    return element


@functools.cache
def prefix_of(name: str) -> dict[str, str]:
    """The usual prefix of a name's namespace, as lxml's `nsmap`."""
    namespace = etree.QName(name).namespace
    return {prefix: known for prefix, known in PREFIXES.items() if known == namespace}


def append_indented(parent: Any, child: Any) -> None:
    """Append an element with the indentation of its siblings, or one step deeper than its parent."""
    last = next(iter(reversed(parent)), None)
    if last is not None:
        if _is_blank(last.tail):
            child.tail, last.tail = last.tail, parent.text if _is_blank(parent.text) else last.tail
    elif _is_blank(parent.text):
        outer = _indentation(parent)
        if outer is not None:
            parent.text, child.tail = f"{outer} ", outer
    parent.append(child)


def remove_indented(element: Any) -> None:
    """Remove an element with the white space before it; what follows keeps its own."""
    parent, previous = element.getparent(), element.getprevious()
    if previous is not None:
        kept = "" if _is_blank(previous.tail) else previous.tail
        previous.tail = f"{kept}{element.tail or ''}"
    elif len(parent) == 1 or not _is_blank(element.tail) or not _is_blank(parent.text):
        kept = "" if _is_blank(parent.text) else parent.text
        parent.text = f"{kept}{element.tail or ''}"
    parent.remove(element)


def _is_blank(text: str | None) -> bool:
    return not (text or "").strip()


def _indentation(element: Any) -> str | None:
    """The line break and blanks before an element; None if it does not begin a line."""
    previous, above = element.getprevious(), element.getparent()
    before = previous.tail if previous is not None else above.text if above is not None else "\n"
    return before if before and "\n" in before and not before.strip() else None
