"""The same questions give the same answers, whatever the backend."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from search.backend import Backend, Facet, Page
from search.conditions import Everything
from search.copying import copy_index
from search.postgresql.index import PostgresqlIndex
from search.question import iter_pages, understand
from search.solr.index import SolrIndex
from tests.search.collection import ALL, APART, CROWD_FILM, ONE, QUESTIONS, TOGETHER, TWO, write_collection
from tests.search.outputs import Output
from tests.search.servers import postgresql, solr


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Output:
    """The collection and its index."""
    output = Output(tmp_path_factory.mktemp("collection"))
    write_collection(output)
    output.index()
    return output


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "solr"])
def backend(request: pytest.FixtureRequest, collection: Output) -> Iterator[Backend]:
    """Each backend, with the collection in it."""
    with collection.open() as index:
        if request.param == "sqlite":
            yield index
            return
        server, opened = {"postgresql": (postgresql, PostgresqlIndex), "solr": (solr, SolrIndex)}[
            request.param
        ]
        with server() as url, opened(url, writable=True) as loaded:
            copy_index(index, loaded)
            yield loaded


@pytest.mark.parametrize(("query", "files"), QUESTIONS, ids=[query or "(nothing)" for query, _ in QUESTIONS])
def test_question(backend: Backend, query: str, files: tuple[str, ...]) -> None:
    question = understand(query, backend)
    hits = backend.search(question.condition, Page(100))
    assert sorted(os.fsdecode(hit.path) for hit in hits.hits) == sorted(files)
    assert hits.is_complete
    assert backend.count(question.condition).files == len(files)
    exported = [os.fsdecode(one.path) for one in backend.iter_documents(question.condition)]
    assert exported == sorted(files, key=os.fsencode)


@pytest.mark.parametrize("query", ["", "dog OR cake", "name:anna", "type:photo", "near:46.95,7.45,20037"])
def test_pages_make_up_the_whole_newest_first(backend: Backend, query: str) -> None:
    question = understand(query, backend)
    whole = backend.search(question.condition, Page(100)).hits
    pages = list(iter_pages(backend, question, None, page_size=2))
    assert [hit.path for page in pages for hit in page.hits] == [hit.path for hit in whole]
    assert all(len(page.hits) == 2 for page in pages[:-1])
    dates = [hit.taken for hit in whole]
    assert dates == sorted(dates, reverse=True)


def test_a_video_says_when(backend: Backend) -> None:
    hit = only(backend, "name:anna label:dog type:video")
    assert hit.moments == ((3.5, 8.0),), "the pause between the two"
    assert hit.best is not None
    assert (hit.best.text, hit.best.time_s, hit.best.confidence) == ("dog", 8.5, 0.9)
    assert hit.best.rect == (0, 20, 8, 60)
    assert only(backend, "label:dog name:anna path:together").moments == hit.moments
    assert only(backend, "label:dog path:together").moments == ((8.0, 8.5),)
    assert only(backend, "dog path:apart").moments == ((30.0, 30.0),)
    assert only(backend, "type:video path:apart").moments == ()
    assert only(backend, "person path:crowd type:video").moments == ((1.0, 2.0),), "a short gap is closed"


def test_hits_say_what_is_on_them(backend: Backend) -> None:
    hit = only(backend, "IMG_1234")
    assert (hit.labels, hit.names) == (("dog", "person"), ("Anna", "Tom"))
    assert (hit.width, hit.height, hit.taken, hit.moments) == (640, 480, 20080614153000, ())
    assert hit.source == b"/photos/2008/birthday/IMG_1234.jpg"


def test_facets(backend: Backend) -> None:
    question = understand("taken:2008", backend)
    facets = backend.facets(question.condition, list(Facet), 100).values
    assert facets[Facet.LABEL] == (("dog", 3), ("cake", 1), ("hot dog", 1), ("person", 1))
    assert facets[Facet.NAME] == (("Anna", 3), ("Tom", 2))
    assert facets[Facet.TAG] == (("Places", 2), ("Rome", 2), ("Holiday", 1), ("family trip", 1))
    assert facets[Facet.YEAR] == (("2008", 4),)
    assert facets[Facet.TYPE] == (("photo", 3), ("video", 1))
    assert facets[Facet.CAMERA] == (("Canon PowerShot G7 X", 2), ("NIKON D70", 1))


def test_facets_of_everything_are_those_of_a_query_that_finds_everything(backend: Backend) -> None:
    every = backend.facets(Everything(), list(Facet), 100)
    asked = backend.facets(understand("type:photo OR type:video", backend).condition, list(Facet), 100)
    assert every.values == asked.values
    assert dict(every.values[Facet.TYPE]) == {"photo": len(ALL) - 3, "video": 3}
    assert backend.facets(Everything(), [Facet.NAME], 1).values == {Facet.NAME: (("Anna", 5),)}


def test_a_document_is_what_the_reports_said(backend: Backend) -> None:
    document = backend.document(os.fsencode(ONE))
    assert document is not None
    assert [(one.text, one.most) for one in document.sightings] == [
        *(("dog", 1), ("person", 2)),
        *(("Anna", 1), ("Tom", 1)),
        *(("Places", 1), ("Rome", 1), ("family trip", 1)),
    ]
    ladders = [(0.9,), (0.9, 0.7), (None,), (None,), (None,), (None,), (None,)]
    assert [one.ladder for one in document.sightings] == ladders
    assert (document.title, document.rating) == ("A day at the Lake", 5)
    assert [(one.component, one.text, one.distance) for one in document.detections][-1] == (
        "names",
        "Tom",
        0.3,
    )
    assert (document.latitude, document.longitude) == (46.948, 7.4474)
    second = backend.document(os.fsencode(TWO))
    assert second is not None
    assert second.offset_min == 120
    assert backend.document(b"2008/birthday") is None


def test_a_videos_document_has_its_moments(backend: Backend) -> None:
    document = backend.document(os.fsencode(TOGETHER))
    assert document is not None
    assert [(one.text, one.first_s, one.last_s, one.frames) for one in document.moments] == [
        ("dog", 8.0, 8.5, 2),
        ("Anna", 3.0, 3.5, 2),
    ]


def test_exports_go_on_behind_a_path(backend: Backend) -> None:
    paths = [one.path for one in backend.iter_documents(Everything())]
    assert paths == sorted(paths)
    assert [one.path for one in backend.iter_documents(Everything(), after=paths[5])] == paths[6:]


def test_notes_say_what_is_not_there(backend: Backend) -> None:
    assert understand("label:dgo", backend).notes == ('no file has the label "dgo"; there is dog',)
    assert understand("name:maria", backend).notes == (
        'no file has the name "maria"; there is Anna Maria Müller',
    )
    assert understand("camera:leica", backend).notes == ('no camera is called "leica"',)
    assert {APART, CROWD_FILM} < set(ALL)


def only(backend: Backend, query: str):
    (hit,) = backend.search(understand(query, backend).condition, Page(10)).hits
    return hit
