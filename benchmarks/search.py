"""What the search index costs: building, updating, its size, and each kind of query, in a large collection.

    python -m benchmarks.search [--photos N] [--reports N] [--folder DIR] [--queries-only]

Makes an index of N synthetic photos (a million by default: 3 labels each, 280 labels and names, 40% with a
place, 2% videos) through the same interface that reports go through, and reads N real report files (20,000).
Prints for each step the CPU time, and for each query that of the first page and of the count, warm. The
memory is the most that the process had.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from reporters.layout import FRAMES_END, frame_text, head_text
from reporters.report import SCHEMA
from search.backend import Backend, Facet, Page
from search.conditions import Everything, MediaKind, TermKind
from search.documents import Detection, Document, Moment, Sighting
from search.indexing.updating import update
from search.place import INDEX_NAME
from search.question import understand
from search.sqlite.index import SqliteIndex

ROUNDS = 5
PHOTOS_IN_COMMIT = 50_000
LABELS = ("chair", "dog", "cat", "face", *(f"label{number}" for number in range(80)), "hot dog")
NAMES = ("Anna", "Tom", "Bea Muller", *(f"Human {number}" for number in range(192)))
CAMERAS = tuple(f"Maker Model {number}" for number in range(30))
EVENTS = ("birthday", "berlin", "bern", "holidays", "garden", "school", "misc", "wedding", "zoo", "mountains")
QUERIES = (
    *(
        "name:anna name:tom",
        "name:anna name:bea*",
        "name:anna label:dog taken:2008",
        "dog",
        "hot dog",
        "person",
    ),
    *(
        "path:birth* path:bern",
        "path:birth*",
        "birth*",
        "img",
        "near:46.95,7.45,5km",
        "near:46.95,7.45,50km",
        "",
    ),
    *("label:dog -label:person", "label>=2:person", "label>=3:person", "conf>=0.95 label:dog", "type:video"),
    *("name:anna label:dog type:video", "faces=2", "camera:model taken:2009", "is:partial", "-is:dated"),
    *(
        "dog OR cat OR label:label7",
        "(name:anna OR name:tom) -dog taken:2008..2010",
        "zzz",
        "-person",
        "name:*",
    ),
    *(
        "label:label* taken:2008-05",
        "conf>=0.999",
        "anna birthday 2008",
        "person img -berlin",
        "faces>=1 is:located",
    ),
)
FACETED = ("", "label:dog", "name:anna label:dog taken:2008", "label:person")


Clock: TypeAlias = Callable[[], float]
"""Seconds: `time.process_time`, or by the clock on the wall where another process does the work."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--photos", type=int, default=1_000_000, help="synthetic photos (default: %(default)s)"
    )
    parser.add_argument(
        "--reports", type=int, default=20_000, help="real report files (default: %(default)s)"
    )
    parser.add_argument("--folder", type=Path, help="keep what is made there, and use what is there")
    parser.add_argument("--queries-only", action="store_true", help="only ask the index that is in --folder")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="searchbenchmark-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if not given.queries_only:
            build(folder / INDEX_NAME, given.photos)
            change(folder / INDEX_NAME, given.photos)
            read_reports(folder / "reports", given.reports)
        ask(folder / INDEX_NAME)
        print(
            f"most memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
        )
    finally:
        if given.folder is None:
            shutil.rmtree(folder)


def build(path: Path, photos: int) -> None:
    path.unlink(missing_ok=True)
    making = timed(lambda: [document for number in range(10_000) if (document := photo(number))])[0]
    with SqliteIndex(path, writable=True) as index:
        seconds = timed(lambda: [index.apply(batch) for batch in batches(photos)])[0]
    bare = seconds - making * photos / 10_000
    size = path.stat().st_size
    print(f"build of {photos:,}: {bare:.0f} s of writing (and {seconds - bare:.0f} s of making them up)")
    print(f"size: {size / 1e6:.0f} MB, {size / photos:.0f} bytes a photo")
    print(f"memory so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def change(path: Path, photos: int) -> None:
    for count in (1_000, 10_000):
        chance = random.Random(count)
        documents = [photo(number, salt=count) for number in chance.sample(range(photos), min(count, photos))]
        with SqliteIndex(path, writable=True) as index:
            seconds = timed(lambda documents=documents, index=index: index.apply(documents))[0]
        print(f"{count:,} changed: {seconds:.2f} s")


def read_reports(folder: Path, count: int) -> None:
    """Real report files on a disk that has them in its cache."""
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(count):
        write_report(folder, photo(number))
    with SqliteIndex(folder / INDEX_NAME, writable=True) as index:
        first, _ = timed(lambda: update(index, folder))
        again, _ = timed(lambda: update(index, folder))
    print(f"{count:,} report files: {first:.1f} s, {first / count * 1e6:.0f} us each; again: {again:.2f} s")


def ask(path: Path) -> None:
    with SqliteIndex(path) as index:
        print(f"vocabulary: {timed(index.vocabulary)[0] * 1e3:.1f} ms")
        ask_all(index, time.process_time)
        seconds, _ = median(lambda: index.search(Everything(), Page(100, "-20120101000000:0")))
        print(f"{seconds * 1e3:8.1f} ms  a page in the middle of everything")


def ask_all(index: Backend, clock: Clock) -> None:
    """Print how long each query and each facet takes."""
    pages: list[float] = []
    for query in QUERIES:
        condition = understand(query, index).condition
        page, hits = median(lambda condition=condition: index.search(condition, Page(100)), clock)
        counting, count = median(lambda condition=condition: index.count(condition), clock)
        pages.append(page)
        mark = "" if hits.is_complete else " (ended)"
        print(f"{page * 1e3:8.1f} ms  count {counting * 1e3:8.1f} ms  {count!s:>8}  {query}{mark}")
    print(f"first pages: median {statistics.median(pages) * 1e3:.1f} ms, worst {max(pages) * 1e3:.0f} ms")
    for query in FACETED:
        condition = understand(query, index).condition
        seconds, facets = median(lambda condition=condition: index.facets(condition, list(Facet), 30), clock)
        mark = "" if facets.is_complete else " (newest)"
        print(f"{seconds * 1e3:8.1f} ms  facets of {query or 'everything'}{mark}")


def photo(number: int, salt: int = 0) -> Document:
    """A photo, or a video, the same one each time."""
    chance = random.Random(number * 31 + salt)
    taken = 0
    if chance.random() > 0.05:
        day = (chance.randrange(2000, 2020), chance.randrange(1, 13), chance.randrange(1, 29))
        taken = (
            day[0] * 10**10
            + day[1] * 10**8
            + day[2] * 10**6
            + chance.randrange(10, 20) * 10**4
            + number % 6000
        )
    event = EVENTS[number // 100 % len(EVENTS)]
    path = f"{2000 + number // 50_000}/{event}-{number // 100}/IMG_{number:07d}.jpg".encode()
    is_video = number % 50 == 0
    seen = [(TermKind.LABEL, weighted(chance, LABELS)) for _ in range(2)]
    seen.append(
        (TermKind.LABEL, "person") if chance.random() < 0.5 else (TermKind.NAME, weighted(chance, NAMES))
    )
    located = chance.random() < 0.4
    rect = (chance.randrange(2000), chance.randrange(2000), 2500, 2600)
    sure = [
        (kind, text, round(chance.uniform(0.25, 1.0), 6) if kind is TermKind.LABEL else None)
        for kind, text in seen
    ]
    return Document(
        path=path,
        source=b"/home/you/photos/" + path,
        kind=MediaKind.VIDEO if is_video else MediaKind.PHOTO,
        taken=taken,
        offset_min=None,
        width=4000,
        height=3000,
        format="mp4" if is_video else "jpeg",
        camera=CAMERAS[chance.randrange(len(CAMERAS))] if chance.random() < 0.8 else None,
        latitude=round(45.8 + chance.random() * 2, 6) if located else None,
        longitude=round(6 + chance.random() * 4, 6) if located else None,
        altitude=None,
        sha256=hashlib.sha256(path).digest(),
        size_bytes=3_000_000 + number,
        pipeline="ab" * 32,
        duration_s=60.0 if is_video else None,
        is_partial=number % 1000 == 7,
        is_annotated=True,
        faces=sum(kind is TermKind.NAME or text == "face" for kind, text in seen),
        reports=(path.rpartition(b"/")[2] + b".json",),
        stamp=number * 7919 + salt,
        sightings=sightings(sure),
        detections=() if is_video else tuple(Detection("objects", *one, None, rect) for one in sure),
        moments=tuple(
            Moment("objects", kind, text, first, first + 2.0, 4, sureness, first, int(first * 25), rect)
            for kind, text, sureness in dict.fromkeys(sure)
            for first in (float(chance.randrange(20)), float(chance.randrange(30, 58)))
        )
        if is_video
        else (),
    )


def confidence(chance: random.Random, kind: TermKind) -> float | None:
    return round(chance.uniform(0.25, 1.0), 6) if kind is TermKind.LABEL else None


def sightings(seen: list[tuple[TermKind, str, float | None]]) -> tuple[Sighting, ...]:
    ladders: dict[tuple[TermKind, str], list[float | None]] = {}
    for kind, text, confidence in seen:
        ladders.setdefault((kind, text), []).append(confidence)
    return tuple(
        Sighting(kind, text, len(steps), tuple(sorted(steps, key=lambda one: -(one or 2))))
        for (kind, text), steps in ladders.items()
    )


def weighted(chance: random.Random, words: tuple[str, ...]) -> str:
    """The first of the words are frequent, the last rare, `person` aside."""
    return words[min(int(chance.expovariate(6 / len(words))), len(words) - 1)]


def batches(photos: int) -> Iterator[Iterator[Document]]:
    for first in range(0, photos, PHOTOS_IN_COMMIT):
        yield (photo(number) for number in range(first, min(first + PHOTOS_IN_COMMIT, photos)))


def write_report(folder: Path, document: Document) -> None:
    boxes = [
        {"rect": list(one.rect), "labels": [shown(one.kind, one.text, one.confidence)]}
        for one in document.detections or document.moments
    ]
    digits = f"{document.taken:014d}"
    head: dict[str, Any] = {"type": "photo", "file": document.source.decode(), "schema": SCHEMA}
    head |= {"width": document.width, "height": document.height, "format": "jpeg"}
    if document.taken:
        head["taken"] = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:10]}:00:00"
    if document.camera:
        head["camera"] = document.camera
    if document.latitude is not None:
        head["gps"] = {"latitude": document.latitude, "longitude": document.longitude}
    head |= {"sha256": "ab" * 32, "bytes": document.size_bytes, "pipeline": document.pipeline}
    path = folder / f"{document.path.decode()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head_text(head) + frame_text({"frame": 0, "objects": boxes}) + FRAMES_END)


def shown(kind: TermKind, text: str, confidence: float | None) -> dict[str, Any]:
    if kind is TermKind.NAME:
        return {"label": text, "method": "embedding", "distance": 0.3}
    return {"label": text, "confidence": confidence}


def timed(action: Callable[[], Any], clock: Clock = time.process_time) -> tuple[float, Any]:
    """CPU time, which other programs on the machine do not change much; and the result."""
    began = clock()
    result = action()
    return clock() - began, result


def median(action: Callable[[], Any], clock: Clock = time.process_time) -> tuple[float, Any]:
    action()
    measured = [timed(action, clock) for _ in range(ROUNDS)]
    return statistics.median(seconds for seconds, _ in measured), measured[-1][1]


if __name__ == "__main__":
    main()
