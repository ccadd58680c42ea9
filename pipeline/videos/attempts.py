"""Where decoding of a segment begins, and what follows if frames are missing; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.videos.segments import Segment


class Attempt(NamedTuple):
    """One way to decode a segment.

    Args:
        seek_s: where ffmpeg begins; None: at the start of the file.
        allows_gaps: whether wanted frames may be missing. Else the attempt ends at the first gap.
        skips: whether the decoder passes over all but keyframes, which not every decoder does well.
        is_verified: whether decoding is known to begin well at `seek_s`.
        is_last_resort: whether it begins at the start of the file because other attempts missed frames.
    """

    seek_s: float | None
    allows_gaps: bool = False
    skips: bool = False
    is_verified: bool = False
    is_last_resort: bool = False


@dataclass(slots=True)
class Trial:
    """How an attempt went.

    Args:
        came: whether it gave a wanted frame.
        ended: whether decoding came to its end, at which frames may still be missing.
        decoder_errors: as in `ReadStats`.
        has_damage: whether ffmpeg reported errors of the container or the decoder.
    """

    came: bool = False
    ended: bool = False
    decoder_errors: int = 0
    has_damage: bool = False


def first_attempts(segment: Segment, *, can_skip: bool) -> Iterator[Attempt]:
    """The ways to decode a segment, best first, until one gives its first frame.

    Args:
        can_skip: whether the decoder may pass over all but keyframes if only those are wanted.
    """
    if segment.only_keyframes and can_skip:
        yield Attempt(segment.seeks_s[0], skips=True)
    for seek_s in segment.seeks_s[:-1]:
        yield Attempt(seek_s)
    yield Attempt(None, allows_gaps=True, is_last_resort=len(segment.seeks_s) > 1)


def attempts_behind_a_gap(attempt: Attempt, trial: Trial) -> list[Attempt]:
    """How to go on behind a gap in the middle of a segment.

    If ffmpeg reported damage, decoding goes on as it began. If not, the cause may be that ffmpeg sets its
    filters up again where a video's colours change, so that `select` waits for a keyframe once more; or a
    decoder that learns something from the first packets of the file alone.
    """
    if trial.has_damage:
        return [Attempt(attempt.seek_s, allows_gaps=True)]
    last = Attempt(None, allows_gaps=True, is_last_resort=True)
    return [attempt._replace(is_verified=True), last]
