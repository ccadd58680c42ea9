"""What `train` checks before it writes a model: its places, and the pictures."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence

from pipeline.errors import UsageError
from pipeline.formats import FORMATS
from pipeline.source import SourceKind
from pipeline.text import printable
from recognizers.commands.arguments import plural
from recognizers.faces.dataset import Example
from recognizers.faces.foldername import group_number
from recognizers.model.descriptors import DescriptorGallery
from recognizers.model.facemodel import MODEL_FILE
from recognizers.networks.base import FaceNetwork
from recognizers.teaching.inspecting import (
    DescribedFaces,
    misplaced_faces,
    mixed_people,
    unnamed_groups,
    whole_photos,
)
from recognizers.teaching.training import Pictures, same_picture_twice

_MOST_SHOWN = 20
_PHOTO_ENDINGS = tuple(
    ending for one in FORMATS.values() if one.kind is SourceKind.PHOTO for ending in one.endings
)


def check_places(csv: str, testcsv: str, modeldir: str, examples: Sequence[Example]) -> None:
    """Make sure that neither TESTCSV nor MODELDIR would come between the user's files.

    Raises: UsageError: TESTCSV is CSV, or MODELDIR is a folder of pictures or lies in one.
    """
    if os.path.realpath(csv) == os.path.realpath(testcsv):
        raise UsageError(f"{printable(testcsv)}: TESTCSV would replace CSV; give it another name")
    model = os.path.realpath(modeldir)
    if os.path.exists(os.path.join(model, MODEL_FILE)):
        return
    for folder in {os.path.dirname(os.path.realpath(example.path)) for example in examples}:
        if model in (folder, os.path.dirname(folder)) or model.startswith(folder + os.sep):
            raise UsageError(
                f"{printable(modeldir)}: MODELDIR would be among the pictures in {printable(folder)}; choose "
                "a folder of its own"
            )
    names = os.listdir(model) if os.path.isdir(model) else []
    photo = next((name for name in names if name.lower().endswith(_PHOTO_ENDINGS)), None)
    if photo is not None:
        raise UsageError(
            f"{printable(modeldir)}: MODELDIR holds photos, such as {printable(photo)}; choose a "
            "folder of its own"
        )


def named_examples(examples: Sequence[Example]) -> tuple[list[Example], list[str]]:
    """Leave out the pictures of groups without a name.

    Returns: the pictures that stay, and a sentence on the groups that are left out, if there are any.
    Raises: UsageError: there are only such groups.
    """
    named = [example for example in examples if group_number(example.label) is None]
    if examples and not named:
        raise UsageError(
            f'all labels are names of groups, such as "{printable(examples[0].label)}"; rename the folders '
            "of the people that you know to their names, then list the faces again (csv)"
        )
    unnamed = [example for example in examples if group_number(example.label) is not None]
    return named, [
        f"{sentence}; groups without a name are not trained" for sentence in unnamed_groups(unnamed)
    ]


def findings_before_training(pictures: Pictures) -> list[str]:
    """Return a sentence for each mistake that shows without a network.

    Raises: UsageError: a picture cannot be read.
    """
    return [
        *same_picture_twice(pictures),
        *unnamed_groups(pictures.examples),
        *whole_photos(pictures.examples, pictures.record),
    ]


def findings_of_descriptors(
    pictures: Pictures, gallery: DescriptorGallery, labels: dict[int, str], network: FaceNetwork
) -> list[str]:
    """Return a sentence for each mistake that a network sees.

    Args:
        pictures: to be judged.
        gallery: ends with their descriptors.
        labels: number -> name, of all faces of the gallery.
        network: described them.
    """
    faces = DescribedFaces(gallery.descriptors, gallery.numbers, pictures.examples, labels, network.impostors)
    return [*misplaced_faces(faces), *mixed_people(faces)]


def report_findings(options: argparse.Namespace, findings: Sequence[str]) -> Iterator[str]:
    """Yield the findings as warnings.

    Raises: UsageError: there are some, and `--strict` is given.
    """
    for sentence in findings[:_MOST_SHOWN]:
        yield f"warning: {sentence}"
    if len(findings) > _MOST_SHOWN:
        yield f"warning: {len(findings) - _MOST_SHOWN} more like these"
    if findings and options.strict:
        raise UsageError(
            f"nothing is trained, because of {plural(len(findings), 'warning')} and --strict; correct the "
            "folders"
        )
