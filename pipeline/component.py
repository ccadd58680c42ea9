"""The contract of components: what a detector or a writer must offer, with defaults for the rest.

To add one, see CONTRIBUTING.md; `detectors/simpledetector.py` is the smallest real example to read.
Component modules are imported by the parent process to validate pipeline files, so they import nothing
heavy (cv2, tensorflow, ai_edge_litert) at the top: only inside `load()`, or in modules that it imports.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from pipeline.detections import Detection, FrameResult, Region
from pipeline.files.outputs import output_path
from pipeline.frame import Frame
from pipeline.source import MediaFacts, Source, results_fingerprint
from pipeline.videos.facts import VideoFacts
from pipeline.videos.messages import SegmentPart, VideoResult

ALL = "all"


def _as_list(value: Any) -> Any:
    """One word stands for a list of one, as people write it."""
    return [value] if isinstance(value, str) else value


def _without_all(labels: tuple[str, ...]) -> tuple[str, ...]:
    return () if ALL in labels else labels


def _expanded(text: str, info: ValidationInfo) -> str:
    """`~` and `$VARS` filled in, and relative to the pipeline file where that names something there."""
    filled = os.path.expanduser(os.path.expandvars(text))
    unset = re.search(r"\$(\w+|\{[^}]*\})", filled)
    if unset:
        raise ValueError(f'"{text}" uses {unset.group()}, which is not set in the environment')
    folder = (info.context or {}).get("folder", "")
    beside = os.path.join(folder, filled)
    return beside if os.sep in filled or os.path.exists(beside) else filled


Words = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(strict=False)]
"""A list of words; a single word is a list of one."""

TriggerLabels = Annotated[
    Words,
    AfterValidator(_without_all),
    Field(description='labels of the inputs\' detections that count; "all", or none given: every one'),
]

ModelName = Annotated[str, Field(min_length=1), AfterValidator(_expanded)]
"""A catalogue name or a path: `~` and `$VARS` are filled in, and a path is relative to the pipeline file."""


class Params(BaseModel):
    """Base of every component's `params:`; a field is a YAML key, its bounds and description are declared.

    Values are strict (no `"0.4"` for a number) and unknown keys are refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    triggerlabels: TriggerLabels = ()


class Problem(NamedTuple):
    """A mistake that only a look at the file system shows.

    Args:
        key: the field of `Params` that it is about.
        sentence: what is wrong and what to do.
    """

    key: str
    sentence: str


class Component:
    """What detectors and writers have in common.

    Args:
        name: the component's name in the pipeline file.
        params: an instance of the class's own `Params`.
    """

    Params: ClassVar[type[Params]] = Params
    RESULTS_VERSION: ClassVar[int] = 1
    """Raise it by one when the component finds or writes something else than before for equal params and
    model files: every input of a pipeline that uses it is then mined again, once. Leave it for faster code,
    for other messages, and for params whose default does what was done before."""
    forkable: bool = False
    """Whether processes may be forked off one in which it is loaded: it then holds no open file that is read
    on in each of them, no connection, no lock and no accelerator. (A thread is found out.) Workers start
    faster and share its models' memory, where all components of a pipeline say so. What depends on params may
    be set to False in `load`."""

    def __init__(self, name: str, params: Any) -> None:
        self.name = name
        self.params = params

    @classmethod
    def check(cls, params: Any) -> Iterator[Problem]:
        """Look for what `params` name, such as model files, without loading it; runs in the parent."""
        yield from ()

    @classmethod
    def model_files(cls, params: Any) -> Sequence[Path]:
        """The model files that decide what this component finds; part of the pipeline's fingerprint."""
        return ()

    def load(self) -> None:
        """Import what is heavy and open model files; runs once, in the worker or what that is forked off.

        Raises: ModelError: a model cannot be used; ends the run.
        """

    def needed_wh(self, full_wh: tuple[int, int]) -> tuple[int, int]:
        """The least size that suffices of a whole video frame; frames are read no larger than anybody needs.

        Args:
            full_wh: the frame's full size, pixels.
        """
        return full_wh


class Detector(Component):
    """Finds things in regions of a frame. A recognizer is a detector whose labels are names."""

    @classmethod
    def labels(cls, params: Any) -> frozenset[str] | None:
        """Every label that it can give, for a warning of trigger labels that nothing has; None: not known.

        Runs in the parent, after `check` has found nothing wrong.
        """
        return None

    def detect(self, frame: Frame, regions: Sequence[Region]) -> list[Detection]:
        """What is in these regions.

        Args:
            frame: its pixels come on demand.
            regions: where to look: the whole frame for the input `files`, else the boxes of earlier
                components' detections that carry a trigger label, with their landmarks; never empty boxes,
                inside the frame. A region is a `Box`: who needs no landmarks may write `Sequence[Box]`.
        Returns: detections in full-size pixels of the frame; the pipeline clips them to the frame.
        """
        raise NotImplementedError


class WriterSession(Protocol):
    """One input's output in the making."""

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add one frame and what was found in it."""


class SegmentSession:
    """One writer's part of one segment of a video, in the making."""

    note: Any = None
    """Once the session has ended well: what `Writer.join` is to know of it; it is sent between processes."""

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add one frame and what was found in it."""
        raise NotImplementedError

    def remember(self, result: FrameResult) -> None:
        """What was found last before the segment begins, for writers that want every frame."""

    def pass_by(self, frame: Frame) -> None:
        """A frame that is not mined, for writers that want every frame."""


class Writer(Component):
    """Makes files of what was found.

    A photo has one session, from `open`. A video is cut into segments, which worker processes take in any
    order: `open_segment` makes a part of each, `join` makes the whole output of the parts.

    Args:
        tag: what the names of this writer's outputs bear between the input's name and their ending:
            empty for the first writer of its type in a pipeline, so that a second never overwrites it.
        fingerprint: of the pipeline, see `pipeline.config.config.PipelineConfig`.
    """

    finished_last: ClassVar[bool] = False
    """Whether its outputs get their names after those of other writers, as reports do: one that is there says
    that everything is."""

    def __init__(self, name: str, params: Any, *, tag: str = "", fingerprint: str = "") -> None:
        super().__init__(name, params)
        self.tag = tag
        self.fingerprint = fingerprint

    def open(
        self, source: Source, facts: MediaFacts, output_root: Path
    ) -> AbstractContextManager[WriterSession] | None:
        """Begin the output of one input, or None where this writer makes nothing of its kind.

        The session's clean exit puts the finished file under its name; an exception leaves nothing.
        """
        raise NotImplementedError

    @property
    def wants_every_frame(self) -> bool:
        """Whether a part's session is to see frames too that a sampled video's mining passes by."""
        return False

    def open_segment(
        self, source: Source, facts: VideoFacts, output_root: Path, part: Path
    ) -> AbstractContextManager[SegmentSession] | None:
        """Begin this writer's part of one segment of a video, or None where it makes nothing of videos.

        Args:
            part: an empty file for whatever `join` is to find.
        """
        return None

    def join(
        self, source: Source, video: VideoResult, parts: Sequence[SegmentPart], output_root: Path
    ) -> None:
        """Make the whole output of a video of its parts, under its name or not at all.

        Args:
            parts: of all segments, in the order of the video; none of a video without mined frames.
        """

    def fingerprint_of(self, source: Source) -> str:
        """The fingerprint of this pipeline's results for one input, which a report states as `pipeline`."""
        return results_fingerprint(self.fingerprint, source.format)

    def path_for(self, source: Source, output_root: Path, suffix: str) -> Path:
        """Where an output of this writer lies; `suffix` as `.json` or `-annotated.jpg`."""
        return output_path(output_root, source.relative, f"{self.tag}{suffix}")
