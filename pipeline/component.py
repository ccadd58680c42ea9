"""The contract of components: what a detector or a writer must offer, with defaults for the rest.

CONTRIBUTING.md shows how to add one; `detectors/simpledetector.py` is the smallest real detector. The parent
process imports component modules to validate pipeline files, so they import heavy libraries (cv2, tensorflow,
ai_edge_litert) only inside `load()`, or in modules that `load()` imports.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

from pipeline.detections import Detection, FrameResult, Picture, Region
from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import output_path, replace_file
from pipeline.formats import results_fingerprint
from pipeline.frame import Frame
from pipeline.params import ALL, ModelName, Params, Problem, TriggerLabels, Words
from pipeline.provenance import Provenance, StatedFindings
from pipeline.source import MediaFacts, Source
from pipeline.videos.facts import VideoFacts
from pipeline.videos.messages import SegmentPart, VideoResult

__all__ = [
    "ALL",
    "Component",
    "Describer",
    "Detector",
    "Evidence",
    "ModelName",
    "Params",
    "Problem",
    "SegmentSession",
    "TriggerLabels",
    "Words",
    "Writer",
    "WriterSession",
]
"""Plug-ins import all of these from here."""


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
    """Whether a process in which the component is loaded may be forked: it then holds no open file that the
    children would read on, no connection, no lock and no accelerator. (A thread is detected.) Workers start
    faster and share its models' memory if all components of a pipeline say so. `load` may set it to False
    where that depends on params."""

    def __init__(self, name: str, params: Any) -> None:
        self.name = name
        self.params = params

    @classmethod
    def check(cls, params: Any) -> Iterator[Problem]:
        """Check what `params` name, such as model files, without loading it; runs in the parent."""
        yield from ()

    @classmethod
    def check_by_opening(cls, params: Any) -> Iterator[Problem]:
        """Check what only opening model files shows; `--check` calls it if `check` has found nothing wrong.

        It may import what is heavy, but takes seconds at most. The default is right for components whose
        `check` finds all that `load` would.
        """
        yield from ()

    @classmethod
    def results_version(cls, params: Any) -> int:
        """`RESULTS_VERSION`, or a greater number for params for which alone the findings have changed.

        Raises: ModelError: a model file cannot be read.
        """
        return cls.RESULTS_VERSION

    @classmethod
    def model_files(cls, params: Any) -> Sequence[Path]:
        """The model files that decide what this component finds; part of the pipeline's fingerprint."""
        return ()

    @classmethod
    def example_params(cls, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        """The least `params:` with which the component works, for the self-test and the contract tests.

        Args:
            folder: receives the small model files that the params name; those that are there are kept.
        Returns: words that tell one example from another, such as `"with an .onnx"`, to params. The first
            example has no words. Override it only where params without a default exist.
        """
        return {"": {}}

    def load(self) -> None:
        """Import what is heavy and open model files; runs once, in a worker or its template process.

        Raises: ModelError: a model cannot be used; ends the run.
        """

    def needed_wh(self, full_wh: tuple[int, int]) -> tuple[int, int]:
        """The least width and height, pixels, that suffice of a whole video frame.

        Frames are decoded no larger than the most demanding component needs. A writer whose answer is (1, 1)
        looks at no pixels of videos; a run that knows all findings does not decode them for it.

        Args:
            full_wh: the frame's full size, pixels.
        """
        return full_wh


class Evidence(NamedTuple):
    """What decides the findings of a detector that a later run may reuse.

    Args:
        values: of the params that decide; not of those that only select among findings or rename them.
        files: of the model files, those that decide.
        level: the confidence at or below which it reports nothing, where a higher one only leaves out
            findings and labels; None if nothing is known of that.
        is_description: whether it decides descriptions, see `Describer`.
    """

    values: Mapping[str, Any]
    files: Sequence[Path]
    level: float | None = None
    is_description: bool = False


class Detector(Component):
    """Finds things in regions of a frame. A recognizer is a detector whose labels are names."""

    @classmethod
    def evidence(cls, params: Any, *, of_whole_frames: bool) -> Evidence:
        """What decides its findings; runs in the parent.

        A later run takes the findings in a photo or frame as they are if this, the regions and the pixels are
        the same. The default is right for every detector: all params and model files decide.

        Args:
            of_whole_frames: whether it looks at whole frames only, one region each.
        Raises: ModelError: a model file cannot be read.
        """
        return Evidence(params.values_but("triggerlabels"), cls.model_files(params))

    def reconsider(self, detections: Sequence[Detection], level: float) -> Sequence[Detection]:
        """Turn kept findings into those of the present params, as `detect` would give them.

        Args:
            detections: what `detect` gave with equal `Evidence.values` and `Evidence.files`.
            level: `Evidence.level` at that time, not above the present one; -1 if there is none.
        """
        return detections

    @classmethod
    def labels(cls, params: Any) -> frozenset[str] | None:
        """Every label that it can give, for a warning about trigger labels that never occur; None: not known.

        Runs in the parent, after `check` has found nothing wrong.
        """
        return None

    def wants_content(self, size_bytes: int) -> bool:
        """Whether its findings in a file of this size may depend on `Picture.sha256`.

        A video that was not mined before is then hashed first. Runs after `load`.
        """
        return False

    def detect(self, frame: Frame, regions: Sequence[Region]) -> list[Detection]:
        """Find what is in these regions.

        Args:
            frame: its pixels come on demand.
            regions: where to look: the whole frame for the input `files`, else the boxes of earlier
                components' detections that carry a trigger label, with their landmarks. Boxes are not empty
                and lie inside the frame. A region is a `Box`, so a detector without use for landmarks may
                declare `Sequence[Box]`.
        Returns: detections in full-size pixels of the frame; the pipeline clips them to the frame.
        """
        raise NotImplementedError


class Describer(Detector):
    """A detector in two steps: it describes regions, which takes pixels, and judges them by the descriptions.

    A later run judges kept descriptions again without reading a photo. `Evidence` is then what decides the
    descriptions, not the judgement.
    """

    keeps_descriptions: bool = False
    """Whether `describe` and `judge` can be used in place of `detect`; set by `load`."""

    def describe(self, frame: Frame, regions: Sequence[Region]) -> list[bytes]:
        """Describe each region by bytes that depend on the frame, the region and `Evidence` alone."""
        raise NotImplementedError

    def judge(
        self, picture: Picture, regions: Sequence[Region], descriptions: Sequence[bytes]
    ) -> list[Detection]:
        """Return what `detect` returns for these regions of a picture."""
        raise NotImplementedError


class WriterSession(Protocol):
    """The output of one input while it is written."""

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add one frame and what was found in it."""


class SegmentSession:
    """One writer's part of one segment of a video while it is written."""

    note: Any = None
    """What `Writer.join` needs to know, set once the session has ended well; it is sent between processes."""

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add one frame and what was found in it."""
        raise NotImplementedError

    def remember(self, result: FrameResult) -> None:
        """Take what was found last before the segment begins, for writers that want every frame."""

    def pass_by(self, frame: Frame) -> None:
        """Take a frame that is not mined, for writers that want every frame."""


class Writer(Component):
    """Writes files from what was found.

    A photo has one session, from `open`. A video is cut into segments, which worker processes mine in any
    order: `open_segment` writes a part of each, `join` makes the whole output from the parts.

    Outputs go through `pipeline.files.outputs`. `owns`, `rename` and `read_back` let a run reuse the outputs
    of a renamed input and rebuild a lost ledger; they run in the parent, on the class, with nothing loaded.

    Args:
        tag: stands in output names between the input's name and the ending: empty for the first writer of
            its type in a pipeline, so that a second one never overwrites its outputs.
        fingerprint: of the pipeline, see `pipeline.config.values.PipelineConfig`.
    """

    shows_distances: ClassVar[bool] = True
    """Whether its outputs depend on the distances of labels. If not, it does not write again when another
    known face is nearer to a stranger than before."""
    finished_last: ClassVar[bool] = False
    """Whether its outputs get their names after those of other writers, as reports do: if one is there, all
    are."""

    def __init__(self, name: str, params: Any, *, tag: str = "", fingerprint: str = "") -> None:
        super().__init__(name, params)
        self.tag = tag
        self.fingerprint = fingerprint

    @classmethod
    def owns(cls, path: Path, suffix: str) -> bool:
        """Whether a writer of this type made a file, by the end of its name and by its content.

        A file that a user put there must never be taken for an output: outputs need a mark in their content.
        A writer that does not override this has no outputs that can be reused; its renamed inputs are mined.

        Args:
            path: an existing regular file of the output folder.
            suffix: what follows the input's name in the file's name, such as `-cats.json`.
        Raises: OSError: the file cannot be read.
        """
        return False

    @classmethod
    def rename(cls, output: Path, target: Path, source_path: str) -> None:
        """Write an output as it would be if its input had been mined under another name.

        The default is right for outputs that do not contain their input's name: a copy, or nothing where
        only the folder of the input has changed.

        Args:
            output: a file that this type `owns`; it stays as it is unless it is `target`.
            target: where the output for the new name goes.
            source_path: the input's new path, absolute.
        Raises:
            ValueError, FileNotFoundError: the output is not as expected; the input is mined instead.
            OutputError: the output folder cannot be written.
        """
        if output != target:
            with open(output, "rb") as content, replace_file(target) as stream, output_errors(target):
                shutil.copyfileobj(content, stream, 1 << 20)

    @classmethod
    def discard(cls, output: Path, source_path: str) -> None:
        """Remove what belongs to an output but lies elsewhere; called before a pruned output is removed.

        The default is right for all outputs that stand for themselves: it does nothing.

        Args:
            output: a file that this type `owns`.
            source_path: the path of its input, absolute, which is gone.
        """

    @classmethod
    def read_back(cls, path: Path) -> Provenance | None:
        """Read what an output of this type states about its input; None if it states nothing.

        Args:
            path: any regular file of the output folder.
        Raises: OSError: the file cannot be read.
        """
        return None

    @classmethod
    def read_findings(cls, path: Path) -> StatedFindings | None:
        """Read what an output of this type states was found in a photo; None if it does not state everything.

        It is used where the findings that runs keep were lost, if the writer has no `triggerlabels`.

        Args:
            path: a file among the outputs of the photo.
        """
        return None

    def files_beside(self, source: Source) -> Sequence[str]:
        """Paths of files beside an input, such as sidecars, that decide what is written of it.

        They need not exist. A run that looks at the input writes again if one has changed.
        """
        return ()

    def open(
        self, source: Source, facts: MediaFacts, output_root: Path
    ) -> AbstractContextManager[WriterSession] | None:
        """Begin the output of one input, or return None if this writer makes nothing of its kind.

        The session's clean exit puts the finished file under its name; an exception leaves nothing.
        """
        raise NotImplementedError

    @property
    def wants_every_frame(self) -> bool:
        """Whether sessions also take the frames of a sampled video that are not mined."""
        return False

    def open_segment(
        self, source: Source, facts: VideoFacts, output_root: Path, part: Path
    ) -> AbstractContextManager[SegmentSession] | None:
        """Begin this writer's part of one segment of a video, or return None if it makes nothing of videos.

        Args:
            part: an empty file for whatever `join` needs.
        """
        return None

    def join(
        self, source: Source, video: VideoResult, parts: Sequence[SegmentPart], output_root: Path
    ) -> None:
        """Make the whole output of a video from its parts, completely or not at all.

        Args:
            parts: of all segments, in the order of the video; none of a video without mined frames.
        """

    def fingerprint_of(self, source: Source) -> str:
        """The fingerprint of this pipeline's results for one input, which a report states as `pipeline`."""
        return results_fingerprint(self.fingerprint, source.format)

    def path_for(self, source: Source, output_root: Path, suffix: str) -> Path:
        """Where an output of this writer lies; `suffix` as `.json` or `-annotated.jpg`."""
        return output_path(output_root, source.relative, f"{self.tag}{suffix}")
