"""Probing a video: its facts and the times of all its frames, from its packets and its first decoded frames.

One ffmpeg reads the file once and writes to four pipes: all packets (`framecrc` of the copied streams: times
and keyframe flags), the first decoded frames (`framecrc` again: upright size, pixel aspect, frame rate), the
exact times of those, and the tags (`ffmetadata`). The declared duration, the rotation, the dispositions of
streams and the colours are in its log alone. If the packets' times are not those of the frames (AVI with
B-frames, MPEG programme streams, fields in packets of their own), the file is decoded once for the times.
"""

from __future__ import annotations

import os
import stat
from array import array
from collections.abc import Sequence
from dataclasses import replace

from pipeline.errors import FailureCode, SourceError
from pipeline.host.ffmpeg import ffmpeg_path
from pipeline.source import Limits, Source
from pipeline.videos.capture import find_capture
from pipeline.videos.facts import FileVersion, FrameTimes, Streams, Video
from pipeline.videos.ffmpeg import MAX_FRAME_PIXELS, Ffmpeg, input_arguments
from pipeline.videos.ffmpegwords import in_words
from pipeline.videos.header import DeclaredLength, read_declared_length
from pipeline.videos.isomedia import read_track
from pipeline.videos.packets import Stream, parse_framecrc
from pipeline.videos.pipereader import PipeReader
from pipeline.videos.probeoutput import Container, ProbeOutput, facts_of, stored_size
from pipeline.videos.streamlog import choose_streams, chosen_video, input_streams
from pipeline.videos.times import times_of_decoded, times_of_packets, without_gaps
from pipeline.videos.transportstream import CLOCK_PERIOD, TAIL_BYTES, goes_on

_FIRST_FRAMES = 8
_MAX_TRIED_STREAMS = 8
_LAST_PACKETS = 64
_CLOCK_OF_ITS_OWN = ("mpegts", "mpegps")
"""Containers whose times do not begin near 0; they are negative only before a clock that starts again."""
_EACH_FRAME = ("-fps_mode", "passthrough")
_ONLY_BEGINNING = ("-frames:v", "2", "-frames:a", "1")
"""Output options that end the reading of packets early. Two video packets tell a video from a poster."""


def probe_file(source: Source, limits: Limits) -> Video:
    """Find out what is in a video.

    Raises: SourceError: it is not a video that can be mined.
    """
    before = file_version(source)
    if not before.size_bytes:
        raise SourceError(FailureCode.EMPTY_FILE, "the file is empty")
    declared, tail = _read_ends(source, before.size_bytes)
    max_pixels = min(limits.max_pixels, MAX_FRAME_PIXELS)
    output = _read_streams(source, max_pixels)
    width, height = stored_size(output)
    if width * height > max_pixels:
        raise SourceError(
            FailureCode.TOO_LARGE,
            f"{width}x{height} is {width * height / 1e6:.1f} megapixels; "
            f"a video's frames may have {max_pixels / 1e6:.1f}",
        )
    if not output.packets.pts:
        raise _why_nothing(source, output)
    if output.first is None:
        raise SourceError(
            FailureCode.DECODER_FAILED,
            f"none of its {len(output.packets.pts)} frames can be decoded{in_words(output.error)}",
        )
    container = _container_of(source, output, declared, tail)
    times = times_of_packets(output.packets, output.first_pts)
    if times is None:
        times = _decode_times(source, output, max_pixels)
    if container.track is not None and container.track.gaps:
        times = without_gaps(times, container.track)
    if file_version(source) != before:
        raise SourceError(
            FailureCode.CHANGED_WHILE_READING, "another program is writing to it; mine it again later"
        )
    return Video(facts_of(output, output.first, times, container), times, before)


def probe_beginning(source: Source, max_pixels: int) -> ProbeOutput:
    """Read only the beginning of a file: which stream to use, and how its pictures are stored.

    Args:
        source: the file.
        max_pixels: larger pictures are not decoded.
    Returns: the packets and frames at the start of the chosen stream.
    Raises: SourceError: ffmpeg cannot be started, or hangs.
    """
    return _read_streams(source, max_pixels, _ONLY_BEGINNING)


def file_version(source: Source) -> FileVersion:
    """The present version of a source's file.

    Raises: SourceError: it is gone, or is not a file.
    """
    try:
        found = os.stat(source.path)
    except FileNotFoundError:
        raise SourceError(FailureCode.VANISHED, "gone since it was listed") from None
    except OSError as error:
        raise SourceError(FailureCode.UNREADABLE, f"cannot be read ({error.strerror})") from None
    if not stat.S_ISREG(found.st_mode):
        raise SourceError(FailureCode.NOT_A_REGULAR_FILE, "not a regular file")
    return FileVersion(found.st_size, found.st_mtime_ns)


def _read_ends(source: Source, size_bytes: int) -> tuple[DeclaredLength, bytes]:
    """The length that a file declares, and the last bytes of a transport stream."""
    try:
        with open(source.path, "rb") as stream:
            declared = read_declared_length(stream, source.format, size_bytes)
            stream.seek(max(0, size_bytes - TAIL_BYTES))
            return declared, stream.read(TAIL_BYTES) if source.format == "mpegts" else b""
    except OSError as error:
        raise SourceError(FailureCode.UNREADABLE, f"cannot be read ({error.strerror})") from None


def _container_of(source: Source, output: ProbeOutput, declared: DeclaredLength, tail: bytes) -> Container:
    """What ffmpeg does not report of the container."""
    streams = input_streams(output.notes)
    video = chosen_video(streams, output.streams)
    identifier = video.identifier if video is not None else None
    if identifier is None:
        return Container(source.format, declared)
    track = read_track(source.path, identifier) if source.format == "mp4" else None
    read = {time % CLOCK_PERIOD for time in output.packets.pts[-_LAST_PACKETS:]}
    others = {stream.identifier for stream in streams if stream is not video}
    return Container(source.format, declared, track, goes_on(tail, identifier, others, read))


def _read_streams(source: Source, max_pixels: int, bounds: Sequence[str] = ()) -> ProbeOutput:
    """Read the file, and once more for another video stream where the first one is not the one to mine.

    Args:
        source: the file.
        max_pixels: larger pictures are not decoded.
        bounds: output options that end the reading of packets; none read to the end of the file.
    """
    output = _read_once(source, max_pixels, Streams(), bounds)
    chosen = choose_streams(input_streams(output.notes))
    if chosen.video != Streams().video:
        return _read_once(source, max_pixels, chosen, bounds)
    if len(output.packets.pts) > 1 or chosen.videos == 1:
        return output._replace(streams=chosen)
    # The first one is a poster or thumbnail that the container does not mark as one.
    for place in range(1, min(chosen.videos, _MAX_TRIED_STREAMS)):
        other = _read_once(source, max_pixels, replace(chosen, video=f"V:{place}"), bounds)
        if len(other.packets.pts) > 1:
            return other
    return output._replace(streams=chosen)


def _read_once(source: Source, max_pixels: int, streams: Streams, bounds: Sequence[str]) -> ProbeOutput:
    copied, frames, frame_times, tags = pipes = tuple(PipeReader() for _ in range(4))
    arguments = (
        *input_arguments(source, max_pixels),
        *(*_map(streams), "-map", "0:a?", *bounds, "-c", "copy", "-f", "framecrc", copied.url),
        *(*_map(streams), "-frames:v", str(_FIRST_FRAMES), *_EACH_FRAME, "-c:v", "rawvideo"),
        *("-stats_enc_pre", frame_times.url, "-stats_enc_pre_fmt", "{ptsi}", "-f", "framecrc", frames.url),
        *("-map_metadata", "0", "-f", "ffmetadata", tags.url),
    )
    with Ffmpeg(arguments, pipes, "info") as ffmpeg:
        collected = [pipe.collect() for pipe in (frames, frame_times, tags)]
        packets = parse_framecrc(copied.iter_lines(), has_run_up=source.format not in _CLOCK_OF_ITS_OWN)
        ffmpeg.end()
        frame_lines, time_lines, tag_lines = (collector.lines() for collector in collected)
    stderr = ffmpeg.stderr
    first = parse_framecrc(line.encode() for line in frame_lines)
    return ProbeOutput(
        packets,
        first.streams[0] if first.pts else None,
        [int(line) for line in time_lines],
        find_capture(source, tag_lines, packets.streams.get(0, Stream()).codec),
        stderr.notes,
        stderr.container_errors,
        stderr.first_error,
        streams,
    )


def _map(streams: Streams) -> tuple[str, str]:
    return "-map", f"0:{streams.video}"


def _why_nothing(source: Source, output: ProbeOutput) -> SourceError:
    """Find out why no packet of a video came, by what ffmpeg can still do with the file."""
    error, video = output.error, _map(output.streams)
    if error.startswith("Unrecognized option"):
        sentence = f"{ffmpeg_path()} is too old ({error}); version 6.1 or newer is needed"
        return SourceError(FailureCode.DECODER_FAILED, sentence)
    opened, _ = _try(source, ("-map_metadata", "0", "-f", "ffmetadata"))
    if not opened:
        _, error = _try(source, ("-map", "0", "-c", "copy", "-f", "framecrc"))
        return SourceError(FailureCode.UNREADABLE_VIDEO, f"it cannot be opened{in_words(error)}")
    copied, _ = _try(source, (*video, "-c", "copy", "-f", "framecrc"))
    if not copied:
        return SourceError(FailureCode.NO_VIDEO_STREAM, "there are no moving pictures in it")
    _, error = _try(source, (*video, "-frames:v", "1", "-f", "framecrc"))
    return SourceError(FailureCode.DECODER_FAILED, f"none of its frames can be decoded{in_words(error)}")


def _try(source: Source, arguments: Sequence[str]) -> tuple[bool, str]:
    """Whether ffmpeg succeeds with these output arguments, and the first error that it reports."""
    pipe = PipeReader()
    command = (*input_arguments(source), *arguments, pipe.url)
    with Ffmpeg(command, (pipe,), "error") as ffmpeg:
        for _ in pipe.iter_lines():
            pass
        status = ffmpeg.end()
    return status == 0, ffmpeg.stderr.first_error


def _decode_times(source: Source, output: ProbeOutput, max_pixels: int) -> FrameTimes:
    """Times and keyframes as the decoder reports them; the pixels are discarded."""
    every, keys = pipes = PipeReader(), PipeReader()
    video = _map(output.streams)
    times = (*_EACH_FRAME, "-enc_time_base", "demux", "-stats_enc_pre_fmt", "{pts}")
    arguments = (
        *input_arguments(source, max_pixels),
        *(*video, *times, "-stats_enc_pre", every.url, "-f", "null", "-"),
        *(*video, *times, "-stats_enc_pre", keys.url, "-vf", "select=key", "-f", "null", "-"),
    )
    with Ffmpeg(arguments, pipes, "error") as ffmpeg:
        key_lines = keys.collect(1 << 26)
        pts = array("q", map(int, every.iter_lines()))
        ffmpeg.end()
        if not pts:
            raise SourceError(FailureCode.DECODER_FAILED, "ffmpeg decodes none of its frames a second time")
        return times_of_decoded(output.packets, pts, [int(line) for line in key_lines.lines()])
