"""The faces of a mined collection, read from the reports in OUTPUT.

A face is a box that a recognizer has labelled, or one that has a face's five landmarks. No photo is opened.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.detections import Box, Landmarks, Region
from pipeline.files.outputs import output_suffix
from pipeline.source import SourceKind
from pipeline.text import printable
from recognizers.corrections.lookup import Corrections
from recognizers.faces.facekey import FaceKey
from recognizers.model.strategies import UNKNOWN
from reporters.reportreader import ReportFacts, ReportReader, SeenFrame

FACE_LANDMARKS = 5
"""What a face detector gives: eyes, nose, corners of the mouth."""

_NAMED_IOU = 0.2
"""As much must a face overlap the region of another program."""
_REPORT_ENDING = ".json"


@dataclass(frozen=True, slots=True)
class MinedFace:
    """One face of a mined photo or video frame.

    Args:
        path: of the photo or video, absolute, as `os.fsdecode` gives it.
        kind: photo or video; an animated picture may be a video.
        sha256: of the file's content, hexadecimal.
        size_bytes: of the file.
        frame: 0-based index in a video; 0 for a photo.
        time_s: seconds from the start of the video; None for a photo.
        box: in pixels of the upright picture.
        landmarks: right eye, left eye, nose, corners of the mouth, as the person has them; None if unknown.
        label: what a recognizer called it, maybe `unknown`; None if none has looked at it.
        distance: to the nearest known face, or None.
        component: the name of the recognizer, or of the detector if there is no label.
        named_elsewhere: the name that the face has in another program, such as digiKam; None if it has none.
    """

    path: str
    kind: SourceKind
    sha256: str
    size_bytes: int
    frame: int
    time_s: float | None
    box: Box
    landmarks: Landmarks | None
    label: str | None
    distance: float | None
    component: str
    named_elsewhere: str | None = None

    @property
    def key(self) -> FaceKey:
        """Which face it is; the same in every copy of the file."""
        return FaceKey(self.sha256, self.frame, self.box.xyxy)

    @property
    def region(self) -> Region:
        """The box with its landmarks."""
        return Region(*self.box.xyxy, landmarks=self.landmarks)

    @property
    def is_named(self) -> bool:
        """Whether a recognizer gave it the name of a person."""
        return self.label is not None and self.label != UNKNOWN

    def as_corrected(self, corrections: Corrections) -> MinedFace | None:
        """Return the face with its corrected label; None if it was corrected to be no face."""
        verdict = corrections.verdict(self.key)
        if verdict is None:
            return self
        label = verdict.label(self.label or UNKNOWN)
        return None if label is None else replace(self, label=label)


def iter_mined_faces(
    output_root: Path, problems: list[str] | None = None, *, source_name: str | None = None
) -> Iterator[MinedFace]:
    """Yield the faces of all reports in an OUTPUT folder, in the order of paths, those of one file together.

    If several reports are about one file, a box has the label of the first recognizer that named it. Faces of
    reports without a content hash, which version 0.9 wrote, are left out.

    Args:
        output_root: the folder; links are not followed.
        problems: gains a sentence for each report or folder that cannot be read.
        source_name: only files with this name, in any folder.
    Raises: OSError: the folder itself cannot be listed.
    """
    for folder, names in _iter_folders(output_root, [] if problems is None else problems):
        of_file: dict[str, tuple[ReportFacts, dict[tuple[int, Box], MinedFace]]] = {}
        for name in names:
            if source_name is not None and output_suffix(name, source_name) is None:
                continue
            path = os.path.join(folder, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            try:
                report = ReportReader(path)
                faces = list(_faces_of(report))
            except (ValueError, OSError) as error:
                if problems is not None and not str(error).startswith("no report"):
                    problems.append(f"{printable(path)}: cannot be read ({error})")
                continue
            _, known = of_file.setdefault(report.facts.path, (report.facts, {}))
            for face in faces:
                at = (face.frame, face.box)
                known[at] = _joined(known[at], face) if at in known else face
        for facts, known in of_file.values():
            if source_name is not None and os.path.basename(facts.path) != source_name:
                continue
            yield from (known[at] for at in sorted(known, key=lambda at: (at[0], at[1].xyxy)))


def holds_reports(output_root: Path) -> bool:
    """Return whether there is any report of this program in a folder, or in a folder of it.

    Raises: OSError: the folder itself cannot be listed.
    """
    for folder, names in _iter_folders(output_root, []):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path) and os.path.isfile(path):
                with contextlib.suppress(ValueError, OSError):
                    ReportReader(path)
                    return True
    return False


def iter_report_faces(path: str) -> Iterator[MinedFace]:
    """Yield the faces of one report, frame by frame.

    Args:
        path: of the report.
    Raises: ValueError: it is not a report, or is damaged; OSError: it cannot be read.
    """
    yield from _faces_of(ReportReader(path))


def iter_unknown_faces(
    output_root: Path, corrections: Corrections, problems: list[str] | None = None
) -> Iterator[MinedFace]:
    """Yield the faces without a person's name, after corrections; one of several copies of a file.

    Args:
        output_root, problems: as for `iter_mined_faces`.
        corrections: faces that were given a name, or are none, are left out.
    """
    seen: set[FaceKey] = set()
    for face in iter_mined_faces(output_root, problems):
        corrected = face.as_corrected(corrections)
        if corrected is None or corrected.is_named or face.key in seen:
            continue
        if _is_named_stranger(face, corrections):
            continue
        seen.add(face.key)
        yield corrected


def _is_named_stranger(face: MinedFace, corrections: Corrections) -> bool:
    """Return whether a correction says that this is a stranger, who needs no name."""
    verdict = corrections.verdict(face.key)
    return verdict is not None and verdict.name == UNKNOWN


def _iter_folders(top: Path, problems: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder and the names in it that may be those of reports, in order."""
    os.listdir(top)  # raises

    def unlistable(error: OSError) -> None:
        problems.append(f"{printable(error.filename)}: cannot be listed ({error.strerror})")

    for folder, subfolders, names in os.walk(top, onerror=unlistable):
        subfolders.sort()
        yield folder, sorted(name for name in names if name.endswith(_REPORT_ENDING))


def _faces_of(report: ReportReader) -> Iterator[MinedFace]:
    if report.facts.sha256 is None:
        return
    for frame in report.iter_frames():
        yield from _faces_in(report.facts, frame)


def _faces_in(facts: ReportFacts, frame: SeenFrame) -> Iterator[MinedFace]:
    """Yield the faces of one frame, each box once."""
    assert facts.sha256 is not None
    faces: dict[Box, MinedFace] = {}
    for seen in frame.labels:
        if not seen.is_name and len(seen.landmarks or ()) != FACE_LANDMARKS:
            continue
        box = Box(*seen.rect)
        if box.is_empty:
            continue
        kind = SourceKind(facts.kind)
        face = MinedFace(
            path=facts.path,
            kind=kind,
            sha256=facts.sha256.hex(),
            size_bytes=facts.size_bytes,
            frame=frame.number,
            time_s=frame.time_s if kind is SourceKind.VIDEO else None,
            box=box,
            landmarks=seen.landmarks if len(seen.landmarks or ()) == FACE_LANDMARKS else None,
            label=seen.text if seen.is_name else None,
            distance=seen.distance,
            component=seen.component,
            named_elsewhere=_name_elsewhere(facts, box),
        )
        faces[box] = _joined(faces[box], face) if box in faces else face
    yield from faces.values()


def _name_elsewhere(facts: ReportFacts, box: Box) -> str | None:
    """Return the name of that region of another program which overlaps a face most; None if none does."""
    best = max(facts.named_faces, key=lambda named: box.iou(Box(*named.rect)), default=None)
    return best.text if best is not None and box.iou(Box(*best.rect)) >= _NAMED_IOU else None


def _joined(one: MinedFace, other: MinedFace) -> MinedFace:
    """Return what two components, or two reports, know about one box; a person's name counts most."""
    best = max((one, other), key=lambda face: (face.is_named, face.label is not None))
    return replace(best, landmarks=one.landmarks or other.landmarks)
