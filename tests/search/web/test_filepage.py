"""What the page of a photo shows of its boxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.web.filepage import file_page
from tests.search.outputs import Output, label


@pytest.mark.parametrize(
    ("size_wh", "shape"), [((800, 600), ""), ((300, 6000), "tall"), ((160, 120), "small")]
)
def test_a_label_at_the_right_edge_stays_inside(tmp_path: Path, size_wh: tuple[int, int], shape: str) -> None:
    width, height = size_wh
    output = Output(tmp_path)
    box = {"rect": [width - 20, 10, width, 60], "labels": [label("a long label " * 50, 0.91)]}
    output.report("a.jpg", [{"frame": 0, "objects": [box]}], type="photo", width=width, height=height)
    output.index()
    with output.open() as index:
        document = index.document(b"a.jpg")
        assert document is not None
        page = file_page(index, document, "", None, 0.0)
    (shown,) = page["boxes"]
    assert page["shape"] == shape
    assert shown.caption.endswith("... 0.91")
    assert len(shown.caption) < 60
    assert 0 < shown.text_x < width / 2
    assert 0 < page["font"] < width / 5
