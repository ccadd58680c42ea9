"""`train --embedding` and `train --add`: descriptors of faces for a new or an existing model."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from pipeline.errors import UsageError
from pipeline.models.catalog import DEFAULT
from pipeline.text import printable
from recognizers.commands.arguments import plural, shown_distance
from recognizers.commands.inspection import findings_before_training, findings_of_descriptors, report_findings
from recognizers.commands.progress import tracked
from recognizers.model.descriptors import DescriptorGallery
from recognizers.model.facemodel import read_facemodel
from recognizers.model.knownfaces import required_network
from recognizers.model.strategies import EMBEDDING
from recognizers.model.swap import replace_model
from recognizers.networks.base import FaceNetwork
from recognizers.networks.facenetwork import load_network
from recognizers.teaching.adding import check_alike, check_enlargeable, enlarged, unknown_examples
from recognizers.teaching.describing import iter_descriptors
from recognizers.teaching.training import Pictures

DEFAULT_FALSE_ACCEPT_RATE = 0.01


def describe(pictures: Pictures, network: FaceNetwork) -> DescriptorGallery:
    """Describe pictures, with a progress bar.

    Raises: UsageError: one of them cannot be read.
    """
    described = iter_descriptors(pictures.paths, pictures.record, network)
    rows = list(tracked(described, len(pictures.paths), "describing faces"))
    return DescriptorGallery(pictures.numbers, np.stack(rows))


def add_people(options: argparse.Namespace, pictures: Pictures) -> Iterator[str]:
    """Add pictures to the model in MODELDIR; yield the lines to print.

    Raises: UsageError: the model or the pictures do not allow that; ModelError: the model or its network
        cannot be used.
    """
    model = read_facemodel(options.modeldir)
    check_enlargeable(options.modeldir, model)
    record = required_network(options.modeldir, model)
    if options.embedding not in (None, DEFAULT, record.name):
        raise UsageError(
            f'"{printable(options.modeldir)}": was trained with the network {printable(record.name)}, not '
            f"{printable(options.embedding)}; leave the name out, or train it again without --add"
        )
    old = DescriptorGallery.read(options.modeldir, model)
    network = load_network(record)
    check_alike(model, pictures, network)
    new = unknown_examples(model, pictures)
    taught = len(pictures.examples) - len(new.examples)
    known = f"; {plural(taught, 'picture')} it has already" if taught else ""
    yield f"adding {plural(len(new.examples), 'picture')} of {plural(len(set(new.numbers)), 'label')}{known}"
    yield from report_findings(options, findings_before_training(new))
    gallery = old.joined(describe(new, network))
    labels = model.labels | {example.number: example.label for example in new.examples}
    yield from report_findings(options, findings_of_descriptors(new, gallery, labels, network))
    rate = options.false_accept_rate
    if rate is None:
        rate = DEFAULT_FALSE_ACCEPT_RATE if model.false_accept_rate is None else model.false_accept_rate
    larger = enlarged(model, gallery, new, network, rate)
    replace_model(options.modeldir, larger, [gallery])
    limit = (larger.methods or {})[EMBEDDING].unknown_distance or 0.0
    yield f"a face farther than {shown_distance(limit)} is unknown"
    yield f"model of {plural(len(larger.labels), 'label')} in {printable(options.modeldir)}"
