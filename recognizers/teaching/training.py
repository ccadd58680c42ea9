"""Training a face model from labelled pictures."""

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

from pipeline.errors import UsageError
from pipeline.frame import GrayArray
from pipeline.host.command import program_name
from pipeline.host.cores import usable_cores
from pipeline.text import printable
from recognizers.faces.dataset import Example
from recognizers.faces.faceimage import looks_equalized
from recognizers.faces.folderrecord import FolderRecord, common_record
from recognizers.faces.pictures import read_gray
from recognizers.model.facemodel import FORMAT, FaceModel, Method
from recognizers.model.gallery import Gallery
from recognizers.model.strategies import FISCHER, LBP, TITLES, UNKNOWN
from recognizers.networks.base import FaceNetworkRecord
from recognizers.teaching.calibration import unknown_distance

DIGEST_DIGITS = 16
"""How many hexadecimal digits of a training file's SHA-256 the model keeps."""

_LEAST_SIDE_PX = {LBP: 10}
"""LBPH divides a face into cells and loses a border."""

_NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Pictures:
    """Training pictures, not decoded.

    Args:
        examples: their paths and labels.
        digests: of each file, see `DIGEST_DIGITS`.
        record: how the pictures were prepared.
    """

    examples: tuple[Example, ...]
    digests: tuple[str, ...]
    record: FolderRecord

    def only(self, examples: Sequence[Example]) -> Pictures:
        """Return some of the pictures."""
        digests = dict(zip(self.paths, self.digests, strict=True))
        return Pictures(tuple(examples), tuple(digests[one.path] for one in examples), self.record)

    def places(self, some: Pictures) -> list[int]:
        """Return the indices of some of the pictures, in their order."""
        places = {example: index for index, example in enumerate(self.examples)}
        return [places[example] for example in some.examples]

    @property
    def numbers(self) -> list[int]:
        """Label number of each picture."""
        return [example.number for example in self.examples]

    @property
    def paths(self) -> list[str]:
        """Path of each picture."""
        return [example.path for example in self.examples]


@dataclass(frozen=True)
class Faces(Pictures):
    """Training pictures as gray pixels of one size, as the classic strategies need them.

    Args:
        pixels: of each picture, (height, width) uint8.
        equalized: whether their histograms were equalized.
    """

    pixels: tuple[GrayArray, ...]
    equalized: bool

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of every face, pixels."""
        height, width = self.pixels[0].shape
        return width, height


def read_pictures(examples: Sequence[Example]) -> Pictures:
    """Collect what is known of training pictures without decoding them.

    Args:
        examples: at least one.
    Raises: UsageError: one cannot be read, or they were not all prepared in the same way.
    """
    with ThreadPoolExecutor(usable_cores()) as threads:
        digests = tuple(threads.map(file_digest_of, [example.path for example in examples]))
    return Pictures(tuple(examples), digests, common_record(example.path for example in examples))


def read_faces(pictures: Pictures, *, equalized: bool | None = None) -> Faces:
    """Decode training pictures.

    Args:
        pictures: at least one.
        equalized: whether the pictures were equalized; None: as their folder's record says, else estimated
            from their pixels.
    Raises: UsageError: a picture is missing or damaged, or the sizes differ.
    """
    with ThreadPoolExecutor(usable_cores()) as threads:
        pixels = tuple(threads.map(read_gray, pictures.paths))
    _check_one_size(pictures.examples, pixels)
    if equalized is None:
        equalized = pictures.record.equalized
    if equalized is None:
        equalized = looks_equalized(np.asarray([face.mean() for face in pixels]))
    return Faces(pictures.examples, pictures.digests, pictures.record, pixels, equalized)


def file_digest_of(path: str) -> str:
    """Return the first `DIGEST_DIGITS` digits of a file's SHA-256.

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
        f"{', '.join(odd[:_NAMED_AT_MOST])}{more}; type: {program_name('facerec-train')} resize "
        f"{printable(folder)} RESIZED {width} {height} 1 0, then list RESIZED with the csv command"
    )


def check_teachable(examples: Sequence[Example], strategies: Sequence[str]) -> None:
    """Make sure that these pictures are enough for the strategies.

    Args:
        examples: at least one.
    Raises: UsageError: there are too few people for a strategy, or a label is `unknown`.
    """
    counts = Counter(example.label for example in examples)
    if UNKNOWN in counts:
        raise UsageError(f'the label "{UNKNOWN}" is reserved for strangers; give that person another name')
    if FISCHER in strategies and len(counts) < 2:
        (label,) = counts
        raise UsageError(
            f'"{printable(label)}" is the only label, and {TITLES[FISCHER]} needs two to tell apart; '
            "add another person's pictures, or train without it (--no-fisher)"
        )
    if FISCHER in strategies and max(counts.values()) < 2:
        raise UsageError(
            f"{TITLES[FISCHER]} needs a label with two training pictures; add pictures, raise PERCENT, "
            "or train without it (--no-fisher)"
        )


def train_strategy(faces: Faces, strategy: str, false_accept_rate: float) -> tuple[Gallery, Method]:
    """Train one strategy and measure its unknown distance.

    Args:
        faces: the training set.
        strategy: one of `CLASSIC`.
        false_accept_rate: share of strangers that may get a name, 0 to 1.
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


def model_record(
    pictures: Pictures,
    methods: dict[str, Method],
    false_accept_rate: float,
    *,
    faces: Faces | None,
    network: FaceNetworkRecord | None = None,
    side_px: int = 0,
) -> FaceModel:
    """Make the record of a newly trained model; the hashes of its galleries are added when it is written.

    Args:
        pictures: the training set.
        methods: strategy -> its record.
        false_accept_rate: for which the unknown distances were chosen.
        faces: the training set of the classic strategies; None if none of them was trained.
        network: described the faces; None without `embedding`.
        side_px: side of the squares that the network takes, pixels.
    """
    width, height = (side_px, side_px) if faces is None else faces.size_wh
    return FaceModel(
        width=width,
        height=height,
        labels={one.number: one.label for one in sorted(pictures.examples, key=lambda one: one.number)},
        format=FORMAT,
        equalized=bool(pictures.record.equalized) if faces is None else faces.equalized,
        fit=pictures.record.fit,
        margin=pictures.record.margin,
        aligned=pictures.record.aligned,
        network=network,
        methods=methods,
        false_accept_rate=false_accept_rate,
        opencv=cv2.__version__,
        trained=now(),
        images_per_label=dict(sorted(Counter(example.label for example in pictures.examples).items())),
        training_files=tuple(sorted(pictures.digests)),
    )


def now() -> str:
    """Return the present time as a model's record holds it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def same_picture_twice(pictures: Pictures) -> list[str]:
    """Return a sentence for each picture that is listed under two names."""
    first: dict[str, Example] = {}
    sentences = []
    for example, digest in zip(pictures.examples, pictures.digests, strict=True):
        other = first.setdefault(digest, example)
        if other.number != example.number:
            sentences.append(
                f"{printable(example.path)}: the same picture as {printable(other.path)}, under another name"
            )
    return sentences
