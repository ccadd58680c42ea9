"""The fields of a core, made through Solr's Schema API where they are missing."""

from __future__ import annotations

from typing import Any

from search import serialized
from search.solr.client import SolrClient
from search.tokens import TOKENS_VERSION

VERSION = f"2/{serialized.VERSION}/{TOKENS_VERSION}"

_TYPES: tuple[dict[str, Any], ...] = (
    {"name": "dvm_string", "class": "solr.StrField", "docValues": True},
    {"name": "dvm_int", "class": "solr.IntPointField", "docValues": True},
    {"name": "dvm_long", "class": "solr.LongPointField", "docValues": True},
    {"name": "dvm_place", "class": "solr.LatLonPointSpatialField", "docValues": True},
    # Words are made by this program: Solr only splits them at spaces.
    {
        "name": "dvm_words",
        "class": "solr.TextField",
        "analyzer": {"tokenizer": {"class": "solr.WhitespaceTokenizerFactory"}},
    },
)
_STORED_ALONE = {"indexed": False, "docValues": False, "stored": True}
_FOUND_BY = {"indexed": True, "stored": False}
_FIELDS: tuple[dict[str, Any], ...] = (
    # The date's digits with a minus sign, so that ascending is newest first and unknown (0) comes last.
    {"name": "age", "type": "dvm_long", "indexed": True, "stored": True},
    {"name": "stamp", "type": "dvm_long", "indexed": False, "stored": True},
    {"name": "document", "type": "dvm_string", **_STORED_ALONE},
    {"name": "version", "type": "dvm_string", **_FOUND_BY},
    {"name": "kind", "type": "dvm_int", **_FOUND_BY},
    {"name": "year", "type": "dvm_int", **_FOUND_BY},
    {"name": "faces", "type": "dvm_int", **_FOUND_BY},
    # The best confidence of any box, millionths.
    {"name": "best", "type": "dvm_int", **_FOUND_BY},
    {"name": "flag", "type": "dvm_string", "multiValued": True, **_FOUND_BY},
    {"name": "camera", "type": "dvm_string", **_FOUND_BY},
    {"name": "label", "type": "dvm_string", "multiValued": True, **_FOUND_BY},
    {"name": "name", "type": "dvm_string", "multiValued": True, **_FOUND_BY},
    {"name": "tag", "type": "dvm_string", "multiValued": True, **_FOUND_BY},
    # How often at once, and how surely; see search.solr.fields.
    {"name": "step", "type": "dvm_string", "multiValued": True, **_FOUND_BY},
    # The tokens of the path and of the title.
    {"name": "words", "type": "dvm_words", **_FOUND_BY},
    {"name": "title", "type": "dvm_words", **_FOUND_BY},
    {"name": "rating", "type": "dvm_int", **_FOUND_BY},
    {"name": "place", "type": "dvm_place", **_FOUND_BY},
)


def prepare(client: SolrClient) -> None:
    """Make the fields that are missing, and take out documents of another version."""
    types = {one["name"] for one in client.get("schema/fieldtypes")["fieldTypes"]}
    commands: dict[str, Any] = {}
    if missing := [one for one in _TYPES if one["name"] not in types]:
        commands["add-field-type"] = missing
    fields = _known_fields(client)
    if missing := [one for one in _FIELDS if one["name"] not in fields]:
        commands["add-field"] = missing
    if commands:
        client.post("schema", commands)
    other = {"query": "*:*", "filter": [{"bool": {"must": "*:*", "must_not": _of_version()}}], "limit": 0}
    if client.post("select", other)["response"]["numFound"]:
        client.post("update?commit=true", {"delete": {"query": "*:*"}})


def is_current(client: SolrClient) -> bool:
    """Whether the fields are there and hold documents of this version alone, or nothing."""
    if not {one["name"] for one in _FIELDS} <= _known_fields(client):
        return False
    other = {"query": "*:*", "filter": [{"bool": {"must": "*:*", "must_not": _of_version()}}], "limit": 0}
    return not client.post("select", other)["response"]["numFound"]


def _known_fields(client: SolrClient) -> set[str]:
    return {one["name"] for one in client.get("schema/fields")["fields"]}


def _of_version() -> dict[str, Any]:
    return {"term": {"f": "version", "query": VERSION}}
