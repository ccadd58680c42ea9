from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from annotators.mark import is_marked
from annotators.videowriter import VideoWriter, VideoWriterParams
from pipeline.errors import FailureCode
from pipeline.outcome import Status
from pipeline.source import MediaFacts, Source, SourceKind, Stamp
from tests.minedvideos import REPORT, SHORT_GOPS, mine_one, outputs
from tests.running import component, parts_in
from tests.videos import RATE, VARIABLE, ffmpeg, is_left, make_video, read_video

NUMBERS = component("numbers", "tests.plugins.numbers:Numbers")
FORMATS = ("mp4", "mkv", "webm", "avi", "gif")


def video(**params: object) -> str:
    return component("video", "videowriter", "numbers", **params)


def annotated(folder: Path, workers: int = 0, ending: str = "mp4") -> Path:
    (path,) = (folder / f"out-{workers}").glob(f"*-annotated.{ending}")
    return path


def sound_in(path: Path) -> np.ndarray:
    """The samples of a video's sound, 8000 a second, silence before its beginning."""
    out = path.with_suffix(".wav")
    ffmpeg("-i", path, "-map", "0:a", "-af", "aresample=async=1:first_pts=0", "-ar", "8000", "-ac", "1", out)
    with wave.open(str(out)) as stream:
        return np.frombuffer(stream.readframes(stream.getnframes()), np.int16)


def loud_from(path: Path) -> float:
    """When the sound begins to be loud, seconds."""
    return int(np.argmax(np.abs(sound_in(path)) > 3000)) / 8000


def make_loud_from(path: Path, seconds: float, *encoding: str, frames: int = 100) -> Path:
    """A numbered video whose sound is silent before a time."""
    silent = make_video(path.with_name("silent.mkv"), *SHORT_GOPS, frames=frames)
    tone = f"aevalsrc=if(gte(t\\,{seconds})\\,sin(2764*t)\\,0):d={frames / RATE}"
    ffmpeg("-i", silent, "-f", "lavfi", "-i", tone, "-c:v", "copy", *encoding, path)
    return path


def make_late_sound(path: Path) -> Path:
    """200 numbered frames, a keyframe at each 100th, with sound from 2 s on that is loud from 6 s on."""
    silent = make_video(path.with_name("silent.mkv"), *SHORT_GOPS, frames=200)
    tone = "aevalsrc=if(gte(t\\,4)\\,sin(2764*t)\\,0):d=6"
    mpeg2 = ("-c:v", "mpeg2video", "-g", "100", "-sc_threshold", "1000000000", "-q:v", "3", "-c:a", "mp2")
    ffmpeg("-i", silent, "-itsoffset", "2", "-f", "lavfi", "-i", tone, *mpeg2, path)
    return path


def test_it_makes_nothing_of_a_photo(tmp_path):
    writer = VideoWriter("video", VideoWriterParams(format="mp4", size={"width": 640, "height": 480}))
    writer.load()
    photo = Source("/in/a.jpg", "a.jpg", SourceKind.PHOTO, "jpeg", Stamp(1, 0))
    assert writer.open(photo, MediaFacts((640, 480), "jpeg"), tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong", [{"format": "jpg"}, {"size": {"width": 640}}, {"fps": 10}, {"quality": 0}, {"hold": "yes"}]
)
def test_wrong_params_are_refused(wrong):
    with pytest.raises(ValidationError):
        VideoWriterParams(**wrong)


@pytest.mark.parametrize("filters", [[], [VARIABLE]], ids=["constant", "variable"])
def test_annotated_videos_are_the_same_whatever_the_number_of_workers(tmp_path, filters):
    path = make_video(tmp_path / "v.mkv", *SHORT_GOPS, frames=200, filters=filters)
    for workers in (1, 2, 3):
        outcome = mine_one(tmp_path, path, NUMBERS, video(), REPORT, workers=workers)
        assert outcome.outputs == ("v.mkv-annotated.mp4", "v.mkv.json")
    assert outputs(tmp_path, 1) == outputs(tmp_path, 2) == outputs(tmp_path, 3)
    result = read_video(annotated(tmp_path, 1))
    left = [number for number in range(200) if not filters or is_left(number)]
    assert result.numbers == left
    assert result.times == pytest.approx([number / RATE for number in left], abs=2e-5)
    assert (result.video.facts.codec, result.video.facts.size_wh) == ("h264", (160, 96))


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_has_every_frame_at_its_time(tmp_path, format_):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=120, filters=[VARIABLE])
    assert mine_one(tmp_path, path, NUMBERS, video(format=format_), workers=2).status is Status.MINED
    made = annotated(tmp_path, 2, format_)
    assert is_marked(made)
    if format_ == "gif":  # a photo by its first bytes
        made = made.rename(made.with_suffix(".mkv"))
        ffmpeg("-i", made, "-fps_mode", "passthrough", "-c:v", "ffv1", tmp_path / "gif.mkv")
        made = tmp_path / "gif.mkv"
    result = read_video(made)
    left = [number for number in range(120) if is_left(number)]
    assert result.numbers == left
    assert result.times == pytest.approx([number / RATE for number in left], abs=2e-3)


def test_boxes_are_drawn(tmp_path):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=10)
    mine_one(tmp_path, path, NUMBERS, video(quality=95))
    before, after = read_video(path).frames, read_video(annotated(tmp_path)).frames
    one, other = (np.frombuffer(seen[5].pixels, np.uint8).reshape(96, 160, 3) for seen in (before, after))
    difference = np.abs(one.astype(int) - other).mean(axis=2)
    assert difference[84:].mean() < 12  # below the box
    assert difference[79:81, 10:60].mean() > 40  # its lower edge


@pytest.mark.parametrize(
    ("params", "size_wh", "picture"),
    [
        ({}, (160, 96), (0, 0, 160, 96)),
        ({"size": {"width": 200, "height": 200}}, (200, 200), (0, 40, 200, 160)),
        ({"size": {"width": 99, "height": 99}}, (100, 100), (0, 20, 99, 79)),
        ({"size": {"width": 99, "height": 99}, "stretch": True}, (100, 100), (0, 0, 99, 99)),
    ],
)
def test_sizes_are_padded_or_stretched(tmp_path, params, size_wh, picture):
    path = tmp_path / "v.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=white:size=160x96:rate=25:duration=0.2", *SHORT_GOPS, path)
    echoes = component("numbers", "tests.plugins.routes:Places", boxes=["0 0 1 1 x"], triggerlabels=["none"])
    mine_one(
        tmp_path, path, echoes, component("video", "videowriter", "numbers", triggerlabels=["none"], **params)
    )
    result = read_video(annotated(tmp_path))
    assert result.video.facts.size_wh == size_wh
    pixels = np.frombuffer(result.frames[0].pixels, np.uint8).reshape(size_wh[1], size_wh[0], 3)
    rows, columns = np.nonzero(pixels.min(axis=2) > 128)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == pytest.approx(picture, abs=1)


def test_odd_sizes_are_padded(tmp_path):
    path = tmp_path / "v.mkv"
    picture = "testsrc=size=321x241:rate=25:duration=0.2"
    ffmpeg("-f", "lavfi", "-i", picture, "-pix_fmt", "bgr0", "-c:v", "ffv1", path)
    echoes = component("numbers", "tests.plugins.routes:Echoes")
    assert mine_one(tmp_path, path, echoes, video()).status is Status.MINED
    assert read_video(annotated(tmp_path)).video.facts.size_wh == (322, 242)


def test_sampled_boxes_are_held_over_all_frames_of_all_segments(tmp_path):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=200)
    for workers in (1, 2):
        outcome = mine_one(
            tmp_path, path, NUMBERS, video(quality=95), REPORT, workers=workers, video="every: 60"
        )
        assert outcome.frames == 4
    assert outputs(tmp_path, 1) == outputs(tmp_path, 2)
    result = read_video(annotated(tmp_path, 1))
    assert result.numbers == list(range(200))
    for number in (59, 119, 150):  # the box that was found at 0, 60 and 120
        found = number // 60 * 60 % 40
        pixels = np.frombuffer(result.frames[number].pixels, np.uint8).reshape(96, 160, 3).astype(int)
        inside, edge = pixels[70, found + 2 : found + 58], pixels[81, found + 2 : found + 58]
        assert np.abs(np.diff(edge, axis=0)).mean() < np.abs(np.diff(inside, axis=0)).mean() + 20
        assert edge.std(axis=0).max() < 60


def test_without_hold_only_mined_frames_are_shown_at_their_times(tmp_path):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=200)
    mine_one(tmp_path, path, NUMBERS, video(hold=False), video="fps: 2")
    result = read_video(annotated(tmp_path))
    assert len(result.numbers) == 16
    assert result.times == pytest.approx([number / RATE for number in result.numbers], abs=1e-4)


@pytest.mark.parametrize("format_", ["mp4", "mkv", "webm", "avi"])
@pytest.mark.parametrize(("sampling", "numbers"), [("every: 90", [0, 90]), ("start: 1, max_frames: 1", [25])])
def test_one_frame_or_two_far_apart_are_a_video_too(tmp_path, format_, sampling, numbers):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=100)
    mine_one(tmp_path, path, NUMBERS, video(hold=False, format=format_), video=sampling)
    assert read_video(annotated(tmp_path, ending=format_)).numbers == numbers


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm"])
def test_a_piece_begins_with_its_first_frame(tmp_path, ending):
    encoding = ("-c:a", "libopus") if ending == "webm" else ("-c:a", "aac")
    path = make_loud_from(tmp_path / "v.mkv", 2.0, *encoding)
    mine_one(tmp_path, path, NUMBERS, video(format=ending), video="start: 1.5, end: 3")
    result = read_video(annotated(tmp_path, ending=ending))
    assert result.times[0] == pytest.approx(0.0, abs=0.03)
    loud = loud_from(annotated(tmp_path, ending=ending))
    assert loud == pytest.approx(result.times[result.numbers.index(50)], abs=0.05)


@pytest.mark.parametrize(
    ("name", "encoding", "ending"),
    [
        ("v.mp4", ("-c:a", "aac"), "mp4"),
        ("v.mkv", ("-c:a", "libvorbis"), "webm"),
        ("v.mp4", ("-c:a", "aac"), "webm"),
        ("v.mkv", ("-c:a", "pcm_s16le"), "mkv"),
        ("v.mkv", ("-c:a", "libopus"), "avi"),
    ],
)
def test_sound_stays_in_step(tmp_path, name, encoding, ending):
    path = make_loud_from(tmp_path / name, 2.0, *encoding)
    assert mine_one(tmp_path, path, NUMBERS, video(format=ending), workers=2).status is Status.MINED
    assert loud_from(annotated(tmp_path, 2, ending)) == pytest.approx(loud_from(path), abs=0.03)


def test_sound_of_a_piece_begins_and_ends_with_it(tmp_path):
    path = make_loud_from(tmp_path / "v.mp4", 2.0, "-c:a", "aac")
    mine_one(tmp_path, path, NUMBERS, video(), video="start: 1, end: 3")
    made = annotated(tmp_path)
    result = read_video(made)
    assert result.numbers == list(range(25, 75))
    assert result.times[0] == pytest.approx(0.0, abs=0.03)
    assert loud_from(made) - result.times[25] == pytest.approx(0.0, abs=0.05)
    assert len(sound_in(made)) / 8000 == pytest.approx(2.0, abs=0.1)


def test_a_video_that_begins_late_keeps_its_times_and_its_sound(tmp_path):
    late = make_loud_from(tmp_path / "whole.mkv", 2.0, "-c:a", "flac")
    ffmpeg(
        "-i",
        late,
        "-itsoffset",
        "0.4",
        "-i",
        late,
        "-map",
        "1:v",
        "-map",
        "0:a",
        "-c",
        "copy",
        tmp_path / "v.mkv",
    )
    before = read_video(tmp_path / "v.mkv")
    mine_one(tmp_path, tmp_path / "v.mkv", NUMBERS, video())
    after = read_video(annotated(tmp_path))
    assert before.times[0] == pytest.approx(0.4, abs=0.001)
    assert after.times == pytest.approx(before.times, abs=0.002)
    assert loud_from(annotated(tmp_path)) == pytest.approx(2.0, abs=0.03)


@pytest.mark.parametrize("cut", ["", "start: 1, end: 3"])
def test_sound_stays_in_step_where_subtitles_begin_before_both(tmp_path, cut):
    both = make_loud_from(tmp_path / "both.mkv", 2.0, "-c:a", "aac")
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:00,500\nhello\n")
    late = ("-itsoffset", "0.7", "-i", both, "-i", tmp_path / "a.srt", "-map", "0", "-map", "1")
    ffmpeg(*late, "-c", "copy", "-c:s", "mov_text", tmp_path / "v.mp4")
    assert mine_one(tmp_path, tmp_path / "v.mp4", NUMBERS, video(), video=cut).sentence == ""
    result = read_video(annotated(tmp_path))
    loud_frame = result.numbers.index(50)
    assert loud_from(annotated(tmp_path)) == pytest.approx(result.times[loud_frame], abs=0.03)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "mpg"])
@pytest.mark.parametrize("cut", ["", "start: 1", "start: 3.2, end: 7"])
def test_sound_stays_in_step_that_begins_late(tmp_path, ending, cut):
    path = make_late_sound(tmp_path / f"v.{ending}")
    assert mine_one(tmp_path, path, NUMBERS, video(), video=cut).sentence == ""
    result = read_video(annotated(tmp_path))
    assert loud_from(annotated(tmp_path)) == pytest.approx(result.times[result.numbers.index(150)], abs=0.03)


def test_sound_stays_in_step_where_the_first_pictures_do_not_decode(tmp_path):
    recording = make_late_sound(tmp_path / "whole.ts").read_bytes()
    (tmp_path / "v.ts").write_bytes(recording[188 * (len(recording) // 188 // 10) :])
    assert mine_one(tmp_path, tmp_path / "v.ts", NUMBERS, video()).status is Status.MINED
    result = read_video(annotated(tmp_path))
    assert result.numbers == list(range(100, 200))
    assert loud_from(annotated(tmp_path)) == pytest.approx(result.times[50], abs=0.03)


def test_an_encoder_that_dies_leaves_nothing(tmp_path, monkeypatch):
    from annotators import videowriter

    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=20)
    options = videowriter.FORMAT_OPTIONS["mp4"]
    broken = type(options)(
        ("-c:v", "libx264", "-profile:v", "nonsense"), "-crf", 1, 2, options.muxer, options.sound
    )
    monkeypatch.setitem(videowriter.FORMAT_OPTIONS, "mp4", broken)
    outcome = mine_one(tmp_path, path, NUMBERS, video(), REPORT)
    assert outcome.code is FailureCode.COMPONENT_FAILED
    assert outcome.sentence.startswith("the annotated video could not be encoded (")
    assert outputs(tmp_path) == {}
    assert parts_in(tmp_path) == []


@pytest.mark.parametrize("format_", FORMATS)
def test_the_users_own_video_stays_and_an_earlier_copy_does_not(tmp_path, format_):
    path = make_video(tmp_path / "v.mp4", frames=30)
    writer = (NUMBERS, video(format=format_))
    assert mine_one(tmp_path, path, *writer).status is Status.MINED
    assert mine_one(tmp_path, path, *writer).status is Status.MINED
    made = annotated(tmp_path, ending=format_)
    made.write_bytes(path.read_bytes())
    outcome = mine_one(tmp_path, path, *writer)
    assert (outcome.status, outcome.code) == (Status.FAILED, FailureCode.OUTPUT_NAME_TAKEN)
    assert made.read_bytes() == path.read_bytes()
