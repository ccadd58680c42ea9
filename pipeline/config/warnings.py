"""What a valid pipeline file says and hardly means."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.catalog import load_class
from pipeline.component import Detector, Writer
from pipeline.config.values import FILES, ComponentConfig, PipelineConfig
from pipeline.text import Spellings, did_you_mean, shortened


def iter_doubts(config: PipelineConfig) -> Iterator[str]:
    """A sentence for each thing that a person should look at; the pipeline runs all the same."""
    if not any(issubclass(load_class(component.target), Writer) for component in config.components):
        yield "no component writes anything"
    by_name = {component.name: component for component in config.components}
    for component in config.components:
        heard = _labels_heard([by_name[name] for name in component.inputs if name != FILES])
        if heard is None:
            continue
        spellings = Spellings(heard)
        for label in component.params.triggerlabels:
            if label not in spellings:
                yield (
                    f'component "{shortened(component.name)}": no input of it ever finds '
                    f'"{shortened(label)}", one of its triggerlabels{_nearest(label, heard)}'
                )


def _labels_heard(inputs: list[ComponentConfig]) -> frozenset[str] | None:
    """All labels that these can find, None where that is not known of each."""
    heard: set[str] = set()
    for component in inputs:
        cls = load_class(component.target)
        labels = cls.labels(component.params) if issubclass(cls, Detector) else None
        if labels is None:
            return None
        heard |= labels
    return frozenset(heard) if inputs else None


def _nearest(label: str, heard: frozenset[str]) -> str:
    """The label that was meant, or all of them where they are few."""
    told = did_you_mean(label, heard)
    return told if "did you mean" in told or len(heard) <= 10 else ""
