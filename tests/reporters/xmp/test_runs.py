"""Sidecars in whole runs: again, renamed, pruned."""

from __future__ import annotations

from tests.house import FACES, REPORT
from tests.pictures import encoded, portrait
from tests.running import component, pipeline_file
from tests.sidecars import keywords

BESIDE = component("sidecars", "xmpwriter", "faces", where="beside")


def test_a_sidecar_is_written_renamed_and_pruned_with_its_photo(house):
    pipeline_file(house.pipeline, FACES, REPORT, BESIDE)
    house.input.mkdir(exist_ok=True)
    (house.input / "a.jpg").write_bytes(encoded(portrait((400, 300), (120, 80)), "JPEG"))
    (house.input / "b.jpg").write_bytes(encoded(portrait((400, 300), None), "JPEG"))
    assert house.counts() == {"mined": 2}
    sidecar = house.input / "a.jpg.xmp"
    assert keywords(sidecar.read_bytes())[1] == ["Objects|object"]
    assert sorted(house.outputs()) == ["a.jpg.json", "a.jpg.xmp", "b.jpg.json"]
    before = sidecar.stat()
    assert house.counts() == {"unchanged": 2, "ignored": 1}
    assert house.counts(force=True) == {"mined": 2, "ignored": 1}
    assert sidecar.stat() == before
    (house.input / "a.jpg").rename(house.input / "c.jpg")
    assert house.counts(prune=True) == {"unchanged": 1, "renamed": 1, "ignored": 1, "pruned": 1}
    assert sorted(path.name for path in house.input.iterdir()) == ["b.jpg", "c.jpg", "c.jpg.xmp"]
    assert sorted(house.outputs()) == ["b.jpg.json", "c.jpg.json", "c.jpg.xmp"]
