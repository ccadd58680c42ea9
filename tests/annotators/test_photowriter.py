from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from pydantic import ValidationError

from annotators.palette import color_of
from annotators.photowriter import PhotoWriter, PhotoWriterParams
from pipeline.detections import Box, Detection, FrameResult, Label
from pipeline.errors import FailureCode, OutputError, SourceError
from pipeline.frame import Frame
from pipeline.source import MediaFacts, Source, SourceKind, Stamp
from tests.pictures import encoded_by_cv2

ROOT = Path(__file__).parents[2]
ORIGINALS = sorted((ROOT.parent / "shared" / "reference").glob("original-*.yml"))
FOUND = {
    "objects": (Detection(Box(100, 100, 300, 250), (Label("cat", 0.86),)),),
    "faces": (Detection(Box(320, 200, 400, 280), (Label("catface"),)),),
}


class DecodedPhoto:
    """Decodes as a JPEG reader does, whole or at 1/2, 1/4, 1/8, and notes what it was asked for."""

    def __init__(self, rgb):
        self.rgb, self.asked = rgb, []

    def frame(self):
        return Frame(self.rgb.shape[1::-1], self)

    def __call__(self, size_wh):
        self.asked.append(size_wh)
        height, width = self.rgb.shape[:2]
        step = max(s for s in (1, 2, 4, 8) if width // s >= size_wh[0] and height // s >= size_wh[1])
        return self.rgb[::step, ::step]


def photo_writer(tag="", **params):
    writer = PhotoWriter("annotated", PhotoWriterParams(**params), tag=tag)
    writer.load()
    return writer


def source_of(relative="trip/IMG_1.jpg", kind=SourceKind.PHOTO):
    return Source("/in/" + relative, relative, kind, "jpeg", Stamp(1, 0))


def written(writer, frame, out, *, found=None, source=None):
    with writer.open(source or source_of(), MediaFacts(frame.size_wh, "jpeg"), out) as session:
        session.write(frame, FrameResult(0, None, FOUND if found is None else found))
    return [path for path in Path(out).rglob("*") if path.is_file()]


def test_a_copy_of_the_photos_own_size(scene, tmp_path):
    rgb = scene((640, 480))
    files = written(photo_writer(format="png", labels="full"), Frame.from_rgb(rgb), tmp_path)
    assert files == [tmp_path / "trip" / "IMG_1.jpg-annotated.png"]
    pixels = np.asarray(Image.open(files[0]))
    assert (pixels[150:250, 99] == color_of("cat")).all()
    assert (pixels[210:280, 319] == color_of("catface")).all()
    assert np.array_equal(pixels[110:190, 110:290], rgb[110:190, 110:290])


@pytest.mark.parametrize(("format_", "kind"), [("jpg", "JPEG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_formats_and_names(scene, tmp_path, format_, kind):
    files = written(photo_writer(format=format_), Frame.from_rgb(scene((320, 240))), tmp_path)
    assert [path.name for path in files] == [f"IMG_1.jpg-annotated.{format_}"]
    assert Image.open(files[0]).format == kind


def test_a_small_copy_asks_for_no_full_decode(scene, tmp_path):
    photo = DecodedPhoto(scene((1600, 1200)))
    found = {"objects": (Detection(Box(400, 400, 1200, 800), (Label("cat", 0.86),)),)}
    files = written(
        photo_writer(format="png", size={"width": 640, "height": 480}), photo.frame(), tmp_path, found=found
    )
    assert photo.asked == [(640, 480)]
    pixels = np.asarray(Image.open(files[0]))
    assert pixels.shape == (480, 640, 3)
    assert (pixels[165:315, 159] == color_of("cat")).all()
    assert (pixels[320, 165:470] == color_of("cat")).all()


def test_the_shape_is_kept_and_nothing_is_enlarged(scene, tmp_path):
    size = {"width": 640, "height": 480}
    tall = written(photo_writer(size=size), Frame.from_rgb(scene((600, 1200))), tmp_path / "tall")
    assert Image.open(tall[0]).size == (240, 480)
    small = written(photo_writer(size=size), Frame.from_rgb(scene((200, 100))), tmp_path / "small")
    assert Image.open(small[0]).size == (200, 100)


def test_no_exif_comes_along(scene, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "Maker of cameras"
    exif.get_ifd(0x8825)[1] = "N"
    stream = io.BytesIO()
    Image.fromarray(scene((320, 240))).save(stream, "JPEG", exif=exif)
    assert b"Maker of cameras" in stream.getvalue()
    files = written(photo_writer(), Frame.from_rgb(np.asarray(Image.open(stream))), tmp_path)
    content = files[0].read_bytes()
    assert b"Exif" not in content and b"Maker of cameras" not in content
    assert not Image.open(files[0]).getexif()


def test_labels_decide_what_is_drawn(scene, tmp_path):
    frame = Frame.from_rgb(scene((640, 480)))
    copies = {
        labels: Image.open(*written(photo_writer(format="png", **params), frame, tmp_path / f"_{labels}"))
        for labels, params in {
            "": {},
            **{word: {"labels": word} for word in ("plain", "full", "names")},
        }.items()
    }
    pixels = {labels: np.asarray(copy) for labels, copy in copies.items()}
    assert np.array_equal(pixels[""], pixels["plain"])
    assert not np.array_equal(pixels["plain"], pixels["full"])
    assert not (pixels["names"] == color_of("cat")).all(axis=2).any()
    assert (pixels["plain"] == color_of("cat")).all(axis=2).any()


def test_a_second_writer_has_names_of_its_own(scene, tmp_path):
    frame = Frame.from_rgb(scene((320, 240)))
    written(photo_writer(), frame, tmp_path)
    files = written(photo_writer(tag="-small"), frame, tmp_path)
    assert sorted(path.name for path in files) == ["IMG_1.jpg-annotated.jpg", "IMG_1.jpg-small-annotated.jpg"]


def test_an_exception_leaves_nothing(scene, tmp_path):
    frame = Frame.from_rgb(scene((320, 240)))
    with (
        pytest.raises(ZeroDivisionError),
        photo_writer().open(source_of(), MediaFacts(frame.size_wh, "jpeg"), tmp_path) as session,
    ):
        session.write(frame, FrameResult(0, None, FOUND))
        raise ZeroDivisionError
    assert list(tmp_path.rglob("*")) == []


def test_an_output_folder_that_cannot_be_made_is_said(scene, tmp_path):
    (tmp_path / "trip").write_text("in the way")
    with pytest.raises(OutputError, match="trip"):
        written(photo_writer(), Frame.from_rgb(scene((320, 240))), tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["trip"]


def test_a_write_that_fails_halfway_leaves_no_file(scene, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OutputError, match="full"):
            written(photo_writer(), Frame.from_rgb(scene((640, 480))), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_a_format_cannot_hold_is_scaled_down_and_said(tmp_path, caplog):
    panorama = Frame.from_rgb(np.full((40, 20000, 3), 90, np.uint8))
    files = written(photo_writer(format="webp"), panorama, tmp_path, found={})
    assert Image.open(files[0]).size == (16383, 33)
    assert "20000x40 pixels are more than a webp file holds; scaled down to 16383x33" in caplog.text


def test_a_name_that_is_not_utf8(scene, tmp_path):
    source = source_of(os.fsdecode(b"caf\xe9.jpg"))
    frame = Frame.from_rgb(scene((320, 240)))
    written(photo_writer(), frame, tmp_path, source=source)
    assert os.listdir(os.fsencode(tmp_path)) == [b"caf\xe9.jpg-annotated.jpg"]


def test_a_video_is_not_a_photo(tmp_path):
    video = source_of("V.mp4", SourceKind.VIDEO)
    assert photo_writer().open(video, MediaFacts((640, 480), "mp4"), tmp_path) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "gif"},
        {"quality": 0},
        {"quality": 101},
        {"format": "png", "quality": 90},
        {"size": {"width": 0, "height": 1}},
        {"size": "640x480"},
        {"colour": "red"},
    ],
)
def test_wrong_params_are_refused(wrong):
    with pytest.raises(ValidationError):
        PhotoWriterParams(**wrong)


@pytest.mark.skipif(not ORIGINALS, reason="needs ../shared")
@pytest.mark.parametrize("file", ORIGINALS, ids=lambda path: path.name)
def test_the_original_pipeline_files_writers_load(file):
    from annotators.framewriter import FrameWriter
    from annotators.videowriter import VideoWriter

    types = {"photowriter": PhotoWriter, "framewriter": FrameWriter, "videowriter": VideoWriter}
    for component in yaml.safe_load(file.read_text())["pipeline"]:
        if component["type"] in types:
            params = types[component["type"]].Params(**component["params"])
            assert params.size.wh == tuple(component["params"]["size"].values())


def test_the_parent_imports_nothing_heavy():
    script = (
        "import sys, annotators.photowriter, annotators.framewriter, annotators.videowriter;"
        "print(sorted({'cv2', 'PIL', 'tensorflow'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("format_", ["jpg", "png", "webp"])
def test_the_users_own_file_is_not_replaced_and_an_earlier_copy_is(scene, tmp_path, format_):
    writer, frame = photo_writer(format=format_), Frame.from_rgb(scene((64, 48)))
    (path,) = written(writer, frame, tmp_path)
    first = path.read_bytes()
    box = Detection(Box(8, 8, 40, 40), (Label("cat", 0.5),))
    written(writer, frame, tmp_path, found={"objects": (box,)})
    assert path.read_bytes() != first
    own = encoded_by_cv2(scene((64, 48)), f".{format_}")
    path.write_bytes(own)
    with pytest.raises(SourceError) as raised:
        written(writer, frame, tmp_path)
    assert raised.value.code is FailureCode.OUTPUT_NAME_TAKEN
    assert str(path) in raised.value.sentence
    assert path.read_bytes() == own
    assert list(path.parent.iterdir()) == [path]


def test_a_copy_that_the_ledger_knows_needs_no_mark(scene, tmp_path):
    """Such as one that an earlier version of this program made."""
    writer, frame = photo_writer(), Frame.from_rgb(scene((64, 48)))
    (path,) = written(writer, frame, tmp_path)
    path.write_bytes(b"picture")
    written(writer, frame, tmp_path, source=replace(source_of(), earlier_outputs=frozenset({path.name})))
    assert path.read_bytes() != b"picture"
