"""Teaching: from labelled pictures to a face model."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import cv2
import numpy as np

from pipeline.cores import usable_cores
from pipeline.errors import UsageError
from pipeline.frame import GrayArray
from pipeline.outputs import printable
from recognizers.calibration import unknown_distance
from recognizers.dataset import Example
from recognizers.faceimage import looks_equalized
from recognizers.facemodel import FORMAT, FaceModel, Method
from recognizers.folderrecord import FolderRecord, common_record
from recognizers.gallery import Gallery
from recognizers.pictures import read_gray
from recognizers.strategies import FISCHER, LBP, TITLES, UNKNOWN

DIGEST_DIGITS = 16
"""How much of a taught file's SHA-256 the model keeps, hexadecimal digits."""

_LEAST_SIDE_PX = {LBP: 10}
"""LBPH cuts a face into cells and loses its edge."""

_NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Faces:
    """Training pictures as pixels, all of one size.

    Args:
        examples: whose they are and where they lie.
        pixels: one an example, (height, width) uint8.
        digests: of each file, see `DIGEST_DIGITS`.
        record: what was done to the pictures before.
        equalized: whether their histograms were equalized.
    """

    examples: tuple[Example, ...]
    pixels: tuple[GrayArray, ...]
    digests: tuple[str, ...]
    record: FolderRecord
    equalized: bool

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of every face."""
        height, width = self.pixels[0].shape
        return width, height

    @property
    def numbers(self) -> list[int]:
        """Whose each face is."""
        return [example.number for example in self.examples]


def read_faces(examples: Sequence[Example], *, equalized: bool | None = None) -> Faces:
    """Decode training pictures.

    Args:
        examples: at least one.
        equalized: whether the pictures were equalized; None: as their folder's record says, else by their
            looks.
    Raises: UsageError: a picture is missing or damaged, or they are not of one size.
    """
    with ThreadPoolExecutor(usable_cores()) as threads:
        pixels = tuple(threads.map(read_gray, [example.path for example in examples]))
        digests = tuple(threads.map(file_digest_of, [example.path for example in examples]))
    _check_one_size(examples, pixels)
    record = common_record(example.path for example in examples)
    if equalized is None:
        equalized = record.equalized
    if equalized is None:
        equalized = looks_equalized(np.asarray([face.mean() for face in pixels]))
    return Faces(tuple(examples), pixels, digests, record, equalized)


def file_digest_of(path: str) -> str:
    """The first digits of a file's SHA-256.

    Raises: UsageError: it cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:DIGEST_DIGITS]
    except OSError as error:
        raise UsageError(f"{printable(path)}: cannot be read ({error.strerror})") from None


def _check_one_size(examples: Sequence[Example], pixels: Sequence[GrayArray]) -> None:
    sizes = Counter(face.shape for face in pixels)
    ((height, width), _), *others = sizes.most_common()
    if not others:
        return
    odd = [
        f"{printable(example.path)} ({face.shape[1]}x{face.shape[0]})"
        for example, face in zip(examples, pixels, strict=True)
        if face.shape != (height, width)
    ]
    more = f" and {len(odd) - _NAMED_AT_MOST} more" if len(odd) > _NAMED_AT_MOST else ""
    folder = os.path.commonpath([os.path.dirname(os.path.dirname(example.path)) for example in examples])
    raise UsageError(
        f"{len(odd)} of {len(pixels)} pictures are not {width}x{height} as most are: "
        f"{', '.join(odd[:_NAMED_AT_MOST])}{more}; type: facerec_train.py resize {printable(folder)} "
        f"RESIZED {width} {height} 1 0, then list RESIZED with the csv command"
    )


def check_teachable(examples: Sequence[Example], strategies: Sequence[str]) -> None:
    """Make sure that there are people to tell apart.

    Raises: UsageError: no pictures, too few people for a strategy, or a person called as strangers are.
    """
    counts = Counter(example.label for example in examples)
    if not counts:
        raise UsageError("no label has two pictures, one to teach with and one to test with; add pictures")
    if UNKNOWN in counts:
        raise UsageError(f'the label "{UNKNOWN}" is what strangers are called; give that person another name')
    if FISCHER in strategies and len(counts) < 2:
        (label,) = counts
        raise UsageError(
            f'"{printable(label)}" is the only label, and {TITLES[FISCHER]} needs two to tell apart; '
            "add another person's pictures, or train without it (--no-fischer)"
        )
    if FISCHER in strategies and max(counts.values()) < 2:
        raise UsageError(
            f"{TITLES[FISCHER]} needs a label with two training pictures; add pictures, raise PERCENT, "
            "or train without it (--no-fischer)"
        )


def train_strategy(faces: Faces, strategy: str, false_accept_rate: float) -> tuple[Gallery, Method]:
    """Train one strategy and measure its unknown distance.

    Args:
        faces: what to teach.
        strategy: one of `STRATEGIES`.
        false_accept_rate: share of strangers that it may take for somebody.
    Raises: UsageError: the faces are too small for it.
    """
    least = _LEAST_SIDE_PX.get(strategy, 1)
    if min(faces.size_wh) < least:
        width, height = faces.size_wh
        raise UsageError(
            f"the faces are {width}x{height}, and {TITLES[strategy]} needs {least} pixels each way; "
            "resize them larger"
        )
    gallery = Gallery.trained(strategy, faces.pixels, faces.numbers)
    limit = unknown_distance(strategy, faces.pixels, faces.numbers, false_accept_rate)
    return gallery, Method(unknown_distance=limit)


def model_record(faces: Faces, methods: dict[str, Method], false_accept_rate: float) -> FaceModel:
    """The record of a freshly trained model; the galleries' digests are filled in when it is written."""
    width, height = faces.size_wh
    return FaceModel(
        width=width,
        height=height,
        labels={example.number: example.label for example in sorted(faces.examples, key=lambda e: e.number)},
        format=FORMAT,
        equalized=faces.equalized,
        fit=faces.record.fit,
        margin=faces.record.margin,
        methods=methods,
        false_accept_rate=false_accept_rate,
        opencv=cv2.__version__,
        trained=datetime.now(UTC).isoformat(timespec="seconds"),
        images_per_label=dict(sorted(Counter(example.label for example in faces.examples).items())),
        training_files=tuple(sorted(faces.digests)),
    )


def same_picture_twice(faces: Faces) -> list[str]:
    """A sentence for each picture that is filed under two names."""
    first: dict[str, Example] = {}
    sentences = []
    for example, digest in zip(faces.examples, faces.digests, strict=True):
        other = first.setdefault(digest, example)
        if other.number != example.number:
            sentences.append(
                f"{printable(example.path)}: the same picture as {printable(other.path)}, under another name"
            )
    return sentences
