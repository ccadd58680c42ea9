"""Sizes, dates, cameras and ticks as people write them; the terms of a query one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.web.querytext import removable_terms, without_term
from search.web.searchpage import search_filters, search_page
from search.web.wording import camera_text, date_text, size_text, ticks
from tests.search.outputs import Output, label


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        *((0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (12_345, "12 kB"), (999_600, "1.0 MB")),
        *((1_234_567, "1.2 MB"), (9_960_000, "10 MB"), (4_700_000_000, "4.7 GB"), (5 * 10**15, "5000 TB")),
    ],
)
def test_sizes(size_bytes: int, text: str) -> None:
    assert size_text(size_bytes) == text


@pytest.mark.parametrize(
    ("taken", "text"),
    [
        (20210314154209, "14 March 2021, 15:42"),
        (20210304000000, "4 March 2021"),
        (20210300000000, "March 2021"),
        (20210000000000, "2021"),
        (0, "Without a date"),
    ],
)
def test_dates(taken: int, text: str) -> None:
    assert date_text(taken) == text


@pytest.mark.parametrize(
    ("camera", "text"),
    [
        ("NIKON CORPORATION NIKON D70", "NIKON D70"),
        ("EASTMAN KODAK COMPANY KODAK DX4530", "KODAK DX4530"),
        ("Canon Canon EOS 5D", "Canon EOS 5D"),
        ("OLYMPUS OPTICAL CO.,LTD C2000Z", "OLYMPUS OPTICAL CO.,LTD C2000Z"),
        ("Apple iPhone 6", "Apple iPhone 6"),
    ],
)
def test_cameras(camera: str, text: str) -> None:
    assert camera_text(camera) == text


@pytest.mark.parametrize(
    ("length_s", "texts"),
    [
        (10.0, ["0:00", "0:02", "0:04", "0:06", "0:08", "0:10"]),
        (24.3, ["0:00", "0:05", "0:10", "0:15", "0:20"]),
        (0.4, ["0:00", "0:00.1", "0:00.2", "0:00.3", "0:00.4"]),
        (3700.0, ["0:00", "10:00", "20:00", "30:00", "40:00", "50:00", "1:00:00"]),
    ],
)
def test_ticks_are_even(length_s: float, texts: list[str]) -> None:
    found = ticks(length_s)
    assert [text for _, text in found] == texts
    assert found[1][0] == pytest.approx(found[-1][0] / (len(found) - 1))
    assert found[-1][0] <= 100.001


@pytest.mark.parametrize("length_s", [0.001, 1e6, 1e9])
def test_ticks_are_few(length_s: float) -> None:
    assert 1 <= len(ticks(length_s)) <= 9


def test_terms_are_removed_one_by_one() -> None:
    query = 'dog  camera:"NIKON D70" -label:"traffic light"'
    assert removable_terms(query) == ["dog", 'camera:"NIKON D70"', '-label:"traffic light"']
    assert without_term(query, "dog") == 'camera:"NIKON D70" -label:"traffic light"'
    assert without_term(query, 'camera:"NIKON D70"') == 'dog -label:"traffic light"'
    for joined in ("dog OR cat", "dog | cat", "(dog cat) taken:2008", "-(dog)"):
        assert removable_terms(joined) == []
    assert removable_terms('"(a | b)" cat') == ['"(a | b)"', "cat"]


def test_all_years_are_shown_while_one_is_chosen(tmp_path: Path) -> None:
    output = Output(tmp_path)
    for year in (2001, 2003, 2008):
        output.photo(f"{year}.jpg", label("dog"), taken=f"{year}-05-01T00:00:00")
    output.photo("cat.jpg", label("cat"), taken="2005-01-01T00:00:00")
    output.index()
    with output.open() as index:
        for query, leads_to in (("dog taken:2003", "/?q=dog"), ("dog taken:2003-05", "/?q=dog+taken%3A2003")):
            years = search_filters(index, query)["years"]
            assert [(one.text, one.is_active) for one in years] == [
                *(("2008", False), ("2003", True), ("2001", False))
            ]
            assert [one.href for one in years] == ["/?q=dog+taken%3A2008", leads_to, "/?q=dog+taken%3A2001"]
        assert search_page(index, "dog taken:2003", None)["active"] == [
            *(("dog", "/?q=taken%3A2003"), ("taken:2003", "/?q=dog"))
        ]


def test_a_collection_of_many_years_has_all_of_them(tmp_path: Path) -> None:
    output = Output(tmp_path)
    for year in range(1980, 2012):
        output.photo(f"{year}.jpg", label("dog"), taken=f"{year}-05-01T00:00:00")
    output.index()
    with output.open() as index:
        years = [one.text for one in search_filters(index, "")["years"]]
        assert years == [str(year) for year in range(2011, 1979, -1)]
