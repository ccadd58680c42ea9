"""Adding people, or pictures of them, to a model of the strategy `embedding`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pipeline.errors import UsageError
from pipeline.text import name_key, printable
from recognizers.faces.dataset import Example
from recognizers.model.descriptors import DescriptorGallery
from recognizers.model.facemodel import FORMAT, FaceModel, Method
from recognizers.model.strategies import CLASSIC, EMBEDDING, STRATEGIES, TITLES
from recognizers.networks.base import FaceNetwork
from recognizers.teaching.impostors import impostor_threshold
from recognizers.teaching.training import Pictures, now


def check_enlargeable(directory: str, model: FaceModel) -> None:
    """Make sure that pictures can be added to a model without retraining.

    Raises: UsageError: it has other strategies than embedding.
    """
    there = [TITLES[strategy] for strategy in STRATEGIES if strategy in (model.methods or CLASSIC)]
    if there != [TITLES[EMBEDDING]]:
        raise UsageError(
            f'"{printable(directory)}": has {", ".join(there)}, and people can be added to a model of '
            "embedding only, since the other strategies need all pictures; train it once without --add"
        )


def check_alike(model: FaceModel, pictures: Pictures, network: FaceNetwork) -> None:
    """Make sure that new pictures can be compared with those of a model.

    Raises: UsageError: only one of the two sets is aligned, and the network needs aligned faces.
    """
    if pictures.record.aligned != model.aligned and not network.aligns_itself:
        words = {True: "aligned", False: "not aligned"}
        raise UsageError(
            f"{printable(pictures.paths[0])}: is {words[pictures.record.aligned]}, and the model's faces are "
            f"{words[model.aligned]}; crop the photos as those were cropped"
        )


def unknown_examples(model: FaceModel, pictures: Pictures) -> Pictures:
    """Return the pictures that the model does not hold, with the numbers and spellings of its people.

    Raises: UsageError: it holds all of them.
    """
    numbers = {name_key(label): number for number, label in model.labels.items()}
    taught = frozenset(model.training_files)
    examples: list[Example] = []
    digests: list[str] = []
    for example, digest in zip(pictures.examples, pictures.digests, strict=True):
        if digest not in taught:
            number = numbers.setdefault(name_key(example.label), max(numbers.values()) + 1)
            label = model.labels.get(number, example.label)
            examples.append(replace(example, label=label, number=number))
            digests.append(digest)
    if not examples:
        raise UsageError("the model holds all of these pictures already; list others with the csv command")
    return Pictures(tuple(examples), tuple(digests), pictures.record)


def enlarged(
    model: FaceModel, gallery: DescriptorGallery, pictures: Pictures, network: FaceNetwork, rate: float
) -> FaceModel:
    """Make the record of a model with more faces.

    Args:
        model: the record before.
        gallery: of all faces, old and new.
        pictures: the new ones.
        network: described all of them.
        rate: share of strangers that may get a name, 0 to 1.
    """
    limit = impostor_threshold(gallery.descriptors, gallery.numbers, rate, network.impostors)
    counts = Counter(model.images_per_label) + Counter(example.label for example in pictures.examples)
    return model.model_copy(
        update={
            "format": FORMAT,
            "labels": model.labels | _labels(pictures.examples),
            "methods": {EMBEDDING: Method(unknown_distance=limit)},
            "false_accept_rate": rate,
            "trained": now(),
            "images_per_label": dict(sorted(counts.items())),
            "training_files": tuple(sorted({*model.training_files, *pictures.digests})),
        }
    )


def _labels(examples: Sequence[Example]) -> dict[int, str]:
    return {example.number: example.label for example in examples}
