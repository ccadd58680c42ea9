from __future__ import annotations

import json
import logging
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.config.config import read_config
from pipeline.detections import Box
from pipeline.errors import ExitCode, FailureCode, MinerError, ModelError, OutputError, SourceError
from pipeline.models.__main__ import main as models
from pipeline.models.fetched import model_folder
from pipeline.photomining import mine_photo
from pipeline.pipeline import Pipeline
from pipeline.source import Limits
from tests.pictures import encoded, face, portrait, source_of
from tests.running import component, parts_in, pipeline_file, small_photo

FACES = "haarcascade_frontalface_default.xml"
PLACES, ECHOES = "tests.plugins.routes:Places", "tests.plugins.routes:Echoes"


def build(folder: Path, *components: str) -> Pipeline:
    """A loaded pipeline that writes to `folder/out`."""
    path = pipeline_file(folder / "p.yml", *components)
    pipeline = Pipeline(read_config(str(path), allow_plugins=True), folder / "out", Limits())
    pipeline.load()
    return pipeline


def mine(folder: Path, photo: Path, *components: str) -> dict[str, Any]:
    """One photo's frame of a report, as the first writer writes it."""
    assert mine_photo(build(folder, *components), source_of(photo)).frames == 1
    return frame_of(folder / "out" / f"{photo.name}.json")


def frame_of(report: Path) -> dict[str, Any]:
    (frame,) = json.loads(report.read_bytes())["frames"]
    return frame


def rects(detections: list[dict[str, Any]]) -> list[list[int]]:
    return [detection["rect"] for detection in detections]


def failure(folder: Path, *components: str) -> SourceError:
    """How a small photo fails."""
    with pytest.raises(SourceError) as raised:
        mine_photo(build(folder, *components), source_of(small_photo(folder / "a.png")))
    assert parts_in(folder) == []
    assert raised.value.sentence.isprintable()
    return raised.value


def test_regions_are_routed_by_inputs_and_trigger_labels(tmp_path):
    """Every rule of routing in one pipeline: each echo shows the regions that it was handed."""
    photo = small_photo(tmp_path / "a.png", 100, 80)
    boxes = ["-5 -5 20 20 cat", "10 10 30 30 dog", "10 10 30 30 cat", "90 70 150 150 dog", "100 0 120 9 cat"]
    found = mine(
        tmp_path,
        photo,
        component("animals", PLACES, boxes=boxes),
        component("more", PLACES, boxes=["10 10 30 30 cat", "1 2 3 4 cat", "7 7 7 9 dog"]),
        component("cats", ECHOES, "animals", triggerlabels=["cat"]),
        component("all", ECHOES, "animals", triggerlabels="all"),
        component("none", ECHOES, "animals"),
        component("some", ECHOES, "animals", triggerlabels=["dog", "cow"]),
        component("by-second-label", ECHOES, "animals", triggerlabels=["first"]),
        component("nobody", ECHOES, "animals", triggerlabels=["cow"]),
        component("both", ECHOES, "animals, more", triggerlabels=["cat"]),
        component("with-files", ECHOES, "more, files", triggerlabels=["dog"]),
        component("of-files", ECHOES, "files", triggerlabels=["dog"]),
        component("chained", ECHOES, "cats", triggerlabels=["echo"], outputlabel="end"),
        component("after-nobody", ECHOES, "nobody"),
        component("report", "jsonreportwriter", "animals, " + ", ".join(NAMES)),
    )
    assert rects(found["animals"]) == [[0, 0, 20, 20], [10, 10, 30, 30], [10, 10, 30, 30], [90, 70, 100, 80]]
    assert list(found) == ["frame", "animals", *NAMES]
    assert {name: rects(found[name]) for name in NAMES} == {
        "cats": [[0, 0, 20, 20], [10, 10, 30, 30]],
        "all": [[0, 0, 20, 20], [10, 10, 30, 30], [90, 70, 100, 80]],
        "none": [[0, 0, 20, 20], [10, 10, 30, 30], [90, 70, 100, 80]],
        "some": [[10, 10, 30, 30], [90, 70, 100, 80]],
        "by-second-label": [[0, 0, 20, 20], [10, 10, 30, 30], [90, 70, 100, 80]],
        "nobody": [],
        "both": [[0, 0, 20, 20], [10, 10, 30, 30], [1, 2, 3, 4]],
        "with-files": [[0, 0, 100, 80]],
        "of-files": [[0, 0, 100, 80]],
        "chained": [[0, 0, 20, 20], [10, 10, 30, 30]],
        "after-nobody": [],
    }


NAMES = ("cats", "all", "none", "some", "by-second-label", "nobody", "both", "with-files", "of-files")
NAMES += ("chained", "after-nobody")


def test_a_trigger_label_is_found_in_any_unicode_form(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "Zoë") for form in ("NFC", "NFD"))
    photo = small_photo(tmp_path / "a.png", 100, 80)
    found = mine(
        tmp_path,
        photo,
        component(
            "people", PLACES, boxes=[f"0 0 9 9 {decomposed}", f"10 10 30 30 {composed}", "1 2 3 4 Zoe"]
        ),
        component("composed", ECHOES, "people", triggerlabels=[composed]),
        component("decomposed", ECHOES, "people", triggerlabels=[decomposed]),
        component("report", "jsonreportwriter", "people, composed, decomposed"),
    )
    assert rects(found["composed"]) == rects(found["decomposed"]) == [[0, 0, 9, 9], [10, 10, 30, 30]]
    texts = [[label["label"] for label in one["labels"]] for one in found["people"]]
    assert all(name in texts[at] for at, name in enumerate((decomposed, composed, "Zoe")))


def test_writers_get_their_inputs_filtered_and_keep_apart(tmp_path):
    photo = small_photo(tmp_path / "a.png", 100, 80)
    animals = component("animals", PLACES, boxes=["0 0 9 9 cat", "10 10 30 30 dog"])
    others = component("others", ECHOES, "animals")
    found = mine(
        tmp_path,
        photo,
        animals,
        others,
        component("first", "jsonreportwriter", "others"),
        component("dogs", "jsonreportwriter", "animals", triggerlabels=["dog"]),
        component("again", "reporters.jsonreportwriter:JsonReportWriter", "animals", triggerlabels=["cow"]),
    )
    assert list(found) == ["frame", "others"]
    dogs = frame_of(tmp_path / "out" / "a.png-dogs.json")
    assert list(dogs) == ["frame", "animals"]
    assert rects(dogs["animals"]) == [[10, 10, 30, 30]]
    assert frame_of(tmp_path / "out" / "a.png-again.json") == {"frame": 0, "animals": []}


def test_nothing_is_carried_from_one_photo_to_the_next(tmp_path):
    """The reports of the 2017 program held the names and frames of other files after the first."""
    pipeline = build(
        tmp_path,
        component("faces", "simpledetector", model=FACES),
        component("report", "jsonreportwriter", "faces"),
        component("copy", "photowriter", "faces"),
    )
    names = ["with.png", "without.png", "again.png"]
    for name in names:
        photo = portrait((300, 200), (40, 30) if name != "without.png" else None)
        (tmp_path / name).write_bytes(encoded(photo, "PNG"))
        mine_photo(pipeline, source_of(tmp_path / name))
    reports = [json.loads((tmp_path / "out" / f"{name}.json").read_bytes()) for name in names]
    assert [Path(report["file"]).name for report in reports] == names
    assert [len(report["frames"]) for report in reports] == [1, 1, 1]
    assert [len(report["frames"][0]["faces"]) for report in reports] == [1, 0, 1]
    assert reports[0]["frames"] == reports[2]["frames"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"{name}{ending}" for name in names for ending in (".json", "-annotated.jpg")
    }


def test_a_chain_of_cascades_on_a_real_photo(tmp_path):
    """An astronaut's face, and her eyes inside of it, in the pixels of the whole photo."""
    assert models(["fetch", "sample-photos"]) == ExitCode.OK
    photo = model_folder("sample-photos") / "astronaut.png"
    found = mine(
        tmp_path,
        photo,
        component("faces", "simpledetector", model=FACES, min_neighbors=6, outputlabel="face"),
        component("eyes", "simpledetector", "faces", model="haarcascade_eye.xml", min_size=15),
        component("cats", "simpledetector", model=FACES, min_size=500, outputlabel="cat"),
        component("wrong", "simpledetector", "faces, cats", model="haarcascade_eye.xml", triggerlabels="cat"),
        component("report", "jsonreportwriter", "faces, eyes, cats, wrong"),
        component("copy", "photowriter", "faces, eyes"),
    )
    ((x1, y1, x2, y2),) = rects(found["faces"])
    assert Box(x1, y1, x2, y2).iou(Box(170, 65, 280, 175)) > 0.5
    eyes = rects(found["eyes"])
    assert len(eyes) >= 2
    assert all(x1 <= left < right <= x2 and y1 <= top < bottom <= y2 for left, top, right, bottom in eyes)
    assert all((top + bottom) / 2 < (y1 + y2) / 2 for _, top, _, bottom in eyes)
    assert found["cats"] == found["wrong"] == []
    assert found["faces"][0]["labels"] == [{"label": "face"}]
    assert Image.open(tmp_path / "out" / "astronaut.png-annotated.jpg").size == (512, 512)


@pytest.mark.skipif(not Path(__file__).parents[3].joinpath("shared/reference").is_dir(), reason="not here")
@pytest.mark.parametrize("name", ["onlycascade", "onlycatfacerecog"])
def test_pipeline_files_of_2017_do_what_they_say(name, tmp_path):
    """Trigger labels are for detections: with the input `files` the whole photo is looked at."""
    from pipeline.models.cascades import resolve_cascade
    from pipeline.selftest import write_example_models

    write_example_models(tmp_path)
    cat = resolve_cascade("haarcascade_frontalcatface.xml")
    text = (Path(__file__).parents[3] / f"shared/reference/original-{name}.yml").read_text(encoding="utf-8")
    text = text.replace("/root/data/haarcascades/", "").replace("/root/models/mycats/", f"{tmp_path}/faces/")
    text = text.replace("/root/data/lbpcascades/lbpcascade_frontalcatface.xml", str(cat))
    (tmp_path / "p.yml").write_text(text, encoding="utf-8")
    pipeline = Pipeline(read_config(str(tmp_path / "p.yml")), tmp_path / "out", Limits())
    pipeline.load()
    (tmp_path / "a.png").write_bytes(encoded(portrait((900, 600), (400, 100), 300), "PNG"))
    mine_photo(pipeline, source_of(tmp_path / "a.png"))
    copy = Image.open(tmp_path / "out" / "a.png-annotated.jpg").convert("RGB")
    assert copy.size == (640, 427)
    plain = Image.fromarray(portrait((900, 600), (400, 100), 300)).resize(copy.size)
    assert max(high for _, high in _differences(copy, plain)) > 100  # something is drawn


def _differences(one: Image.Image, other: Image.Image) -> list[tuple[int, int]]:
    from PIL import ImageChops

    return list(ImageChops.difference(one, other).getextrema())


class TestFailures:
    """What goes wrong in one source is that source's failure, and says where."""

    def test_a_component_that_raises_is_named_in_one_line(self, tmp_path, caplog):
        caplog.set_level(logging.DEBUG, "pipeline")
        failed = failure(tmp_path, component("odd", "tests.plugins.raises:Raises", width=8))
        assert failed.code is FailureCode.COMPONENT_FAILED
        assert failed.sentence == 'component "odd" raised ValueError: first line second line'
        assert "in misbehave" in caplog.text  # the traceback, for --verbose

    def test_a_component_that_ends_the_program_does_not(self, tmp_path):
        failed = failure(tmp_path, component("odd", "tests.plugins.exits:Exits", width=8))
        assert failed.sentence == 'component "odd" raised SystemExit: bye'

    def test_boxes_that_are_no_pixels_are_their_detectors_fault(self, tmp_path):
        report = component("report", "jsonreportwriter", "half")
        failed = failure(tmp_path, component("half", "tests.plugins.routes:Halves"), report)
        assert failed.sentence.startswith('component "half" raised TypeError: ')
        assert not (tmp_path / "out" / "a.png.json").exists()

    @pytest.mark.parametrize("at", ["open", "enter", "write", "exit"])
    def test_a_writer_that_fails_at_any_step_is_named(self, tmp_path, at):
        failed = failure(
            tmp_path,
            component("all", ECHOES),
            component("report", "jsonreportwriter", "all"),
            component("bad", "tests.plugins.bad_writers:Fails", "all", at=at),
        )
        assert failed.sentence == f'component "bad" raised OSError: [Errno 5] trouble at {at}'
        assert not (tmp_path / "out" / "a.png.json").exists()

    def test_a_full_disk_is_not_hidden_by_what_fails_after_it(self, tmp_path):
        pipeline = build(
            tmp_path,
            component("all", ECHOES),
            component("report", "jsonreportwriter", "all"),
            component("bad", "tests.plugins.bad_writers:FailsTwice", "all"),
        )
        with pytest.raises(OutputError, match="is full"):
            mine_photo(pipeline, source_of(small_photo(tmp_path / "a.png")))

    def test_too_little_memory_to_load_a_component(self, tmp_path):
        with pytest.raises(MinerError) as raised:
            build(tmp_path, component("big", "tests.plugins.large:Large"))
        assert str(raised.value) == (
            'component "big": there is not enough memory to load it; use fewer --workers or a smaller model'
        )

    def test_want_of_memory(self, tmp_path):
        failed = failure(tmp_path, component("big", "tests.plugins.eats_memory:EatsMemory", width=8))
        assert failed.code is FailureCode.OUT_OF_MEMORY

    def test_damage_is_not_a_components_fault(self, tmp_path):
        whole = encoded(face(200), "JPEG")
        (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
        pipeline = build(
            tmp_path,
            component("faces", "simpledetector", model=FACES),
            component("report", "jsonreportwriter", "faces"),
        )
        with pytest.raises(SourceError) as raised:
            mine_photo(pipeline, source_of(tmp_path / "cut.jpg"))
        assert raised.value.code is FailureCode.TRUNCATED
        assert list(tmp_path.glob("out/*")) == []

    def test_a_name_that_is_taken_is_this_sources_failure_alone(self, tmp_path):
        (tmp_path / "out" / "a.png.json").mkdir(parents=True)
        failed = failure(tmp_path, component("all", ECHOES), component("r", "jsonreportwriter", "all"))
        assert failed.code is FailureCode.OUTPUT_NAME_TAKEN

    def test_an_output_that_nobody_can_write_ends_the_run(self, tmp_path):
        pipeline = build(tmp_path, component("all", ECHOES), component("r", "jsonreportwriter", "all"))
        Path(tmp_path / "out").symlink_to("/proc/self")
        with pytest.raises(OutputError) as raised:
            mine_photo(pipeline, source_of(small_photo(tmp_path / "a.png")))
        assert raised.value.exit_code is ExitCode.ENVIRONMENT


def test_what_cannot_be_loaded_names_its_component(tmp_path):
    with pytest.raises(ModelError) as raised:
        build(tmp_path, component("net", "tests.plugins.refuses_loading:RefusesLoading"))
    assert str(raised.value) == 'component "net": m.onnx: is no network; give another'
    with pytest.raises(MinerError) as raised:
        build(tmp_path, component("net", "tests.plugins.refuses_loading:StumblesLoading"))
    assert str(raised.value) == "component \"net\": cannot be loaded (KeyError: 'weights')"


def test_results_that_no_pipe_could_carry_are_written_all_the_same(tmp_path):
    photo = small_photo(tmp_path / "a.png")
    odd = component("odd", "tests.plugins.routes:Unpicklable")
    found = mine(tmp_path, photo, odd, component("report", "jsonreportwriter", "odd"))
    assert found["odd"] == [{"rect": [0, 0, 8, 8], "labels": [{"label": "odd"}]}]


def test_landmarks_are_handed_on_with_their_box(tmp_path):
    points, pointers = "tests.plugins.landmarks:Points", "tests.plugins.landmarks:Pointers"
    found = mine(
        tmp_path,
        small_photo(tmp_path / "a.png", 100, 80),
        component("bare", points),
        component("first", points, point=7),
        component("second", points, point=8),
        component("of-bare", pointers, "bare"),
        component("of-three", pointers, "bare, first, second"),
        component("of-files", pointers, "files"),
        component("chained", pointers, "of-three"),
        component("report", "jsonreportwriter", "of-bare, of-three, of-files, chained"),
    )
    labels = {
        name: [(entry["rect"], entry["labels"][0]["label"]) for entry in entries]
        for name, entries in found.items()
        if name != "frame"
    }
    assert labels == {
        "of-bare": [([0, 2, 20, 30], "True None")],
        "of-three": [([0, 2, 20, 30], "True ((7, 7),)")],
        "of-files": [([0, 0, 100, 80], "True None")],
        "chained": [([0, 2, 20, 30], "True None")],
    }
