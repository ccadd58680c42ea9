"""Inspecting training pictures for mistakes: faces in wrong folders, whole photos, folders without a name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SourceError, UsageError
from pipeline.host.cores import usable_cores
from pipeline.text import printable
from recognizers.faces.dataset import Example
from recognizers.faces.foldername import group_number
from recognizers.faces.folderrecord import FolderRecord, read_facts
from recognizers.faces.pictures import frame_of, source_of
from recognizers.networks.base import DescriptorArray, ImpostorDistances
from recognizers.teaching.grouping import join_by_average

_NEAR_DEVIATIONS = 2.0
_APART_DEVIATIONS = 1.2
"""How many standard deviations below the mean distance of different people two faces are surely near, and two
groups of faces still apart. Measured with SFace on the ORL faces: of 360 faces put into a wrong folder (3 to
40 people, 2 to 10 pictures each) 358 were found, and none of 40,000 that were in theirs; of 200 folders with
two people 198, and none of 40 with one."""
_CLEARLY_NEARER = 0.85
_MUCH_LARGER = 3
LARGE_PX = 400


class DescribedFaces(NamedTuple):
    """Training faces as a network described them.

    Args:
        descriptors: (N, D).
        numbers: (N,) label number of each.
        examples: of the last faces, those to be judged; the others belong to the model already.
        labels: number -> name.
        impostors: distances measured for the network.
    """

    descriptors: DescriptorArray
    numbers: NDArray[np.int32]
    examples: Sequence[Example]
    labels: dict[int, str]
    impostors: ImpostorDistances


def unnamed_groups(examples: Sequence[Example]) -> list[str]:
    """Return one sentence on the labels that are names of groups of `crop --group`, or none."""
    labels = list(dict.fromkeys(example.label for example in examples if group_number(example.label)))
    if len(labels) == 1:
        return [
            f'the label "{labels[0]}" is the name of a group; rename its folder to the name of the person'
        ]
    if labels:
        return [
            f'{len(labels):,} labels, such as "{labels[0]}", are names of groups; rename their folders to '
            "the names of the people"
        ]
    return []


def whole_photos(examples: Sequence[Example], record: FolderRecord) -> list[str]:
    """Return a sentence for each picture that is probably a whole photo.

    Pictures that `crop` made are not; others are if they are no squares among aligned faces, or much larger
    than most.

    Args:
        examples: at least one.
        record: how they were prepared.
    Raises: UsageError: one cannot be read.
    """
    with ThreadPoolExecutor(usable_cores()) as threads:
        is_foreign = list(threads.map(lambda example: read_facts(example.path) is None, examples))
        if not any(is_foreign):
            return []
        sizes = list(threads.map(size_wh_of, examples))
    usual = float(np.median([max(size) for size in sizes]))
    sentences = []
    for example, foreign, (width, height) in zip(examples, is_foreign, sizes, strict=True):
        is_large = max(width, height) > max(LARGE_PX, _MUCH_LARGER * usual)
        if foreign and (is_large or (record.aligned and width != height)):
            sentences.append(
                f"{printable(example.path)}: is probably a whole photo, with {width}x{height} pixels; cut "
                "the face out with the crop command"
            )
    return sentences


def size_wh_of(example: Example) -> tuple[int, int]:
    """Return a picture's upright width and height. Raises: UsageError: it cannot be read."""
    try:
        return frame_of(source_of(example.path)).size_wh
    except SourceError as error:
        raise UsageError(f"{printable(example.path)}: {error.sentence}") from None


def misplaced_faces(faces: DescribedFaces) -> list[str]:
    """Return a sentence for each face that looks like another person than the one of its label.

    Such a face is nearer to the other person, by its nearest picture as well as by the mean of all pictures.
    A label's only picture is not judged.
    """
    people = np.unique(faces.numbers)
    columns = [faces.numbers == person for person in people]
    near = _distance(faces.impostors, _NEAR_DEVIATIONS)
    sentences = []
    first = len(faces.numbers) - len(faces.examples)
    for index, example in enumerate(faces.examples, start=first):
        apart = np.linalg.norm(faces.descriptors - faces.descriptors[index], axis=1)
        own = faces.numbers == faces.numbers[index]
        own[index] = False
        if not own.any():
            continue
        means = [float(apart[column].mean()) for column in columns]
        means[int(np.searchsorted(people, faces.numbers[index]))] = math.inf
        other = int(np.argmin(means))
        nearest_other = float(apart[columns[other]].min())
        own_mean, own_nearest = float(apart[own].mean()), float(apart[own].min())
        if means[other] < min(near, _CLEARLY_NEARER * own_mean) and nearest_other < own_nearest:
            sentences.append(
                f'{printable(example.path)}: looks like "{printable(faces.labels[int(people[other])])}", not '
                f'like the other pictures of "{printable(example.label)}"; move it to its person\'s folder'
            )
    return sentences


def mixed_people(faces: DescribedFaces) -> list[str]:
    """Return a sentence for each label whose pictures show several people, two pictures each at least."""
    limit = _distance(faces.impostors, _APART_DEVIATIONS)
    first = len(faces.numbers) - len(faces.examples)
    sentences = []
    for person in dict.fromkeys(example.number for example in faces.examples):
        rows = np.flatnonzero(faces.numbers == person)
        own = faces.descriptors[rows].astype(np.float64)
        apart = np.linalg.norm(own[:, None] - own, axis=2)
        groups = [group for group in join_by_average(apart, limit) if len(group) > 1]
        if len(groups) < 2:
            continue
        groups.sort(key=len)
        others = [int(rows[index]) - first for index in groups[0] if rows[index] >= first]
        example = f", such as {printable(faces.examples[others[0]].path)}" if others else ""
        sentences.append(
            f'"{printable(faces.labels[int(person)])}": its pictures show {len(groups)} people; '
            f"{len(groups[0])} of {len(rows)} show another person than most{example}"
        )
    return sentences


def _distance(impostors: ImpostorDistances, deviations: float) -> float:
    """The distance this many standard deviations below the mean distance of different people."""
    value = impostors.middle - deviations * impostors.spread
    return math.exp(value) if impostors.of_logarithm else value
