"""The index in a Solr core, through the interface of all backends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from pipeline.errors import MinerError, UsageError
from pipeline.host.command import command
from search.backend import MOST_COUNTED, QUERY_SECONDS, Count, Facet, Facets, Hits, Page
from search.conditions import AllOf, Condition, MediaKind, OfKind, Term, TermKind, Together
from search.documents import Document
from search.facets import most_frequent
from search.hits import hit_of, moments_of
from search.resolve import shown_groups
from search.solr import schema
from search.solr.clauses import EVERYTHING, Query, behind, query_of
from search.solr.client import SolrClient
from search.solr.fields import document_of, fields_of, id_of
from search.tokens import key_of
from search.vocabulary import Vocabulary

_PUT_AT_ONCE = 1_000
_READ_AT_ONCE = 500
_FIELDS = {
    Facet.LABEL: "label",
    Facet.NAME: "name",
    Facet.TAG: "tag",
    Facet.YEAR: "year",
    Facet.TYPE: "kind",
    Facet.CAMERA: "camera",
}


class SolrIndex:
    """The index in one core; implements `search.backend.WritableBackend`. For one thread at a time.

    Args:
        url: `solr+http://host:8983/solr/CORE`. The core needs a schema that can be changed (Solr's default);
            its other documents are removed.
        writable: whether documents are loaded; missing fields are then made.
    Raises:
        UsageError: nothing was loaded into this core yet, or the address is wrong.
        OutputError: Solr cannot be reached, or refuses something; all methods raise it too.
    """

    def __init__(self, url: str, *, writable: bool = False) -> None:
        self._client = SolrClient(url)
        if writable:
            schema.prepare(self._client)
        elif not schema.is_current(self._client):
            raise UsageError(
                f"{self._client.shown}: holds no index of this version; "
                f"load it with {command('visualsearch')} load OUTPUT URL"
            )

    def __enter__(self) -> SolrIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def vocabulary(self) -> Vocabulary:
        """Return the labels, names, keywords and cameras."""
        wanted = {field: _terms_facet(field, -1) for field in ("label", "name", "tag", "camera")}
        found = self._select(EVERYTHING, {"limit": 0, "facet": wanted}, is_bounded=False)["facets"]
        terms = [
            Term(kind, text, key_of(text), files)
            for kind in TermKind
            for text, files in _values(found, kind.name.lower())
        ]
        terms.sort(key=lambda term: (term.kind, term.key, term.text))
        return Vocabulary(terms, sorted(camera for camera, _ in _values(found, "camera")))

    def search(self, condition: Condition, page: Page) -> Hits:
        """Return one page of the files that match."""
        filters = [self._query(condition)]
        if page.after is not None:
            filters.append(_after(page.after))
        more = {"fields": ["id", "age", "document"], "sort": "age asc, id asc", "limit": page.size + 1}
        found = self._select(EVERYTHING, {"filter": filters, **more})
        rows = found["response"]["docs"]
        groups = shown_groups(condition)
        hits = tuple(hit_of(document_of(row), groups) for row in rows[: page.size])
        is_complete = not found["responseHeader"].get("partialResults", False)
        if len(rows) <= page.size:
            return Hits(hits, None, is_complete)
        last = rows[page.size - 1]
        return Hits(hits, f"{last['age']}:{last['id']}", is_complete)

    def count(self, condition: Condition) -> Count:
        """Count the files that match."""
        found = self._select(EVERYTHING, {"filter": [self._query(condition)], "limit": 0})
        files = found["response"]["numFound"]
        is_complete = not found["responseHeader"].get("partialResults", False)
        return Count(min(files, MOST_COUNTED), is_complete and files <= MOST_COUNTED)

    def facets(self, condition: Condition, facets: Sequence[Facet], most: int) -> Facets:
        """The most frequent values of these facets in a result."""
        wanted = {_FIELDS[facet]: _terms_facet(_FIELDS[facet], most) for facet in facets}
        found = self._select(EVERYTHING, {"filter": [self._query(condition)], "limit": 0, "facet": wanted})
        values = {facet: most_frequent(facet, _values(found["facets"], _FIELDS[facet])) for facet in facets}
        return Facets(values, not found["responseHeader"].get("partialResults", False))

    def document(self, path: bytes) -> Document | None:
        """Return the document of one file, by its path below INPUT, or None."""
        query = {"term": {"f": "id", "query": id_of(path)}}
        rows = self._select(query, {"fields": ["document"], "limit": 1}, is_bounded=False)["response"]["docs"]
        return document_of(rows[0]) if rows else None

    def iter_documents(self, condition: Condition, after: bytes = b"") -> Iterator[Document]:
        """Yield the documents that match and follow a path, in the order of paths."""
        for row in self._iter_rows([self._query(condition)], ["id", "document"], id_of(after)):
            yield document_of(row)

    def iter_stamps(self) -> Iterator[tuple[bytes, int]]:
        """Yield the path and stamp of each document, in the order of paths."""
        for row in self._iter_rows([], ["id", "stamp"], ""):
            yield bytes.fromhex(row["id"]), row["stamp"]

    def apply(self, documents: Iterable[Document], removed: Iterable[bytes] = ()) -> None:
        """Add documents and remove paths; a search sees the changes once all of them are made."""
        rest = iter(documents)
        try:
            if gone := [id_of(path) for path in removed]:
                self._client.post("update", {"delete": gone})
            while some := list(islice(rest, _PUT_AT_ONCE)):
                self._client.post("update", [fields_of(document) for document in some])
        except MinerError:
            self._client.post("update", {"rollback": {}})
            raise
        self._client.post("update", {"commit": {}})

    def _query(self, condition: Condition) -> Query:
        return query_of(condition, self._videos_of)

    def _videos_of(self, condition: Together) -> list[str]:
        """Return the ids of the videos that show all groups within the window."""
        candidates = AllOf((OfKind(MediaKind.VIDEO), *condition.groups))
        found = self._iter_rows([self._query(candidates)], ["id", "document"], "")
        return [row["id"] for row in found if moments_of(document_of(row), condition.groups)[0]]

    def _iter_rows(self, filters: list[Query], fields: list[str], after: str) -> Iterator[dict[str, Any]]:
        """Yield all rows in the order of ids, in pages of some hundreds."""
        while True:
            more = [f'id:{{"{after}" TO *]'] if after else []
            asked = {"filter": [*filters, *more], "fields": fields, "sort": "id asc", "limit": _READ_AT_ONCE}
            rows = self._select(EVERYTHING, asked, is_bounded=False)["response"]["docs"]
            yield from rows
            if len(rows) < _READ_AT_ONCE:
                return
            after = rows[-1]["id"]

    def _select(self, query: Query, more: dict[str, Any], *, is_bounded: bool = True) -> Any:
        params = {"timeAllowed": round(QUERY_SECONDS * 1000)} if is_bounded else {}
        return self._client.post("select", {"query": query, "params": params, **more})


def _after(cursor: str) -> Query:
    age, _, id_ = cursor.partition(":")
    try:
        return behind(int(age), bytes.fromhex(id_).hex())
    except ValueError:
        raise UsageError(f'"{cursor!r}" is not a place in a result') from None


def _terms_facet(field: str, most: int) -> dict[str, Any]:
    return {"type": "terms", "field": field, "limit": most}


def _values(found: dict[str, Any], field: str) -> list[tuple[Any, int]]:
    """Return the values of a facet and their counts; Solr leaves facets out of an empty result."""
    return [(bucket["val"], bucket["count"]) for bucket in found.get(field, {}).get("buckets", [])]
