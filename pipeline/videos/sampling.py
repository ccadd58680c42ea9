"""The `video:` section of a pipeline file, and the choice of the frames that are mined."""

from __future__ import annotations

import re
from array import array
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipeline.videos.facts import FrameTimes

_CLOCK = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:\.\d+)?)", re.ASCII)


def _as_seconds(value: Any) -> Any:
    """Convert `1:02:03.5` or `2:03` to seconds; other values are validated as they are."""
    if isinstance(value, str) and (clock := _CLOCK.fullmatch(value.strip())):
        return int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    return value


Seconds = Annotated[float, BeforeValidator(_as_seconds), Field(ge=0)]


class Sampling(BaseModel):
    """Which frames of a video are mined; by default all.

    Of `every`, `fps` and `keyframes` at most one may be given. `start` and `end` bound them, `max_frames`
    ends them early.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    every: int | None = Field(default=None, ge=1, description="mine each N-th frame: 0, N, 2N and so on")
    fps: float | None = Field(default=None, gt=0, le=1000, description="mine about so many frames a second")
    keyframes: bool = Field(
        default=False, description="mine frames at which decoding can begin, the cheapest"
    )
    start: Seconds | None = Field(default=None, description="begin here: seconds, or hours:minutes:seconds")
    end: Seconds | None = Field(
        default=None, description="end before this: seconds, or hours:minutes:seconds"
    )
    max_frames: int | None = Field(default=None, ge=1, description="mine at most this many frames")
    animations: bool = Field(
        default=False, description="mine animated GIF, WebP, PNG and AVIF pictures as videos"
    )

    @property
    def is_thinned(self) -> bool:
        """Whether frames between the first and the last mined one are left out."""
        return bool(self.every or self.fps or self.keyframes)

    @property
    def is_of_all_frames(self) -> bool:
        """Whether every frame is mined."""
        return self.model_copy(update={"animations": False}) == Sampling()

    @model_validator(mode="after")
    def _is_of_one_mind(self) -> Sampling:
        given = [name for name in ("every", "fps", "keyframes") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f'"{given[0]}" and "{given[1]}" exclude each other; give one of them')
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError(f'"start" ({self.start:g} s) must be before "end" ({self.end:g} s)')
        return self


def choose_frames(times: FrameTimes, sampling: Sampling) -> array[int]:
    """Indices of the frames that are mined, ascending.

    With `fps`, time is cut into equal steps from `start` on (from the first frame, if there is none), and the
    first frame of each step is taken: no frame twice, none made up.

    Args:
        times: of all frames of the video.
        sampling: which of them.
    """
    first = 0 if sampling.start is None else times.first_at(sampling.start)
    beyond = len(times) if sampling.end is None else times.first_at(sampling.end)
    span = range(first, max(first, beyond))
    if sampling.every is not None:
        chosen = array("q", (index for index in span if index % sampling.every == 0))
    elif sampling.fps is not None:
        chosen = _first_of_each_step(times, span, sampling)
    elif sampling.keyframes:
        chosen = array("q", (index for index in times.keyframes if index in span))
    else:
        chosen = array("q", span)
    return chosen if sampling.max_frames is None else chosen[: sampling.max_frames]


def sampling_of_shown(times: FrameTimes, sampling: Sampling, mined: array[int]) -> Sampling:
    """The sampling of all frames that an annotated copy shows, mined or not: from the first to the last.

    Args:
        times: of the video's frames.
        sampling: of the frames that are mined.
        mined: indices of those, ascending; at least one.
    """
    first = 0 if sampling.start is None else times.first_at(sampling.start)
    most = mined[-1] + 1 - first if sampling.max_frames is not None else None
    return Sampling(start=sampling.start, end=sampling.end, max_frames=most)


def _first_of_each_step(times: FrameTimes, span: range, sampling: Sampling) -> array[int]:
    chosen = array("q")
    if not span:
        return chosen
    steps = Fraction(str(sampling.fps)) * times.time_base  # in one unit of pts
    origin: Fraction | int = times.pts[span[0]]
    if sampling.start is not None:
        origin = times.zero + Fraction(str(sampling.start)) / times.time_base
    shift = origin * steps
    # floor(pts * steps - shift) in whole numbers, which is faster for videos of hours
    denominator = steps.denominator * shift.denominator
    factor, offset = steps.numerator * shift.denominator, shift.numerator * steps.denominator
    last = -1
    for index in span:
        step = (times.pts[index] * factor - offset) // denominator
        if step > last:
            chosen.append(index)
            last = step
    return chosen
