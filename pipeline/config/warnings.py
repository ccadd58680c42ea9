"""Lint warnings: settings of a valid pipeline file that are probably not what the user means."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.catalog import load_class
from pipeline.component import Detector, Writer
from pipeline.config.values import FILES, ComponentConfig, PipelineConfig
from pipeline.text import Spellings, did_you_mean, shortened


def iter_warnings(config: PipelineConfig) -> Iterator[str]:
    """Yield a sentence for each doubtful setting; the pipeline runs all the same."""
    if not any(issubclass(load_class(component.target), Writer) for component in config.components):
        yield "no component writes anything"
    by_name = {component.name: component for component in config.components}
    for component in config.components:
        labels = _labels_of([by_name[name] for name in component.inputs if name != FILES])
        if labels is None:
            continue
        spellings = Spellings(labels)
        for label in component.params.triggerlabels:
            if label not in spellings:
                yield (
                    f'component "{shortened(component.name)}": none of its inputs ever finds '
                    f'"{shortened(label)}", one of its triggerlabels{_suggestion(label, labels)}'
                )


def _labels_of(inputs: list[ComponentConfig]) -> frozenset[str] | None:
    """All labels that these components can find; None if that is unknown for one of them."""
    labels: set[str] = set()
    for component in inputs:
        cls = load_class(component.target)
        own = cls.labels(component.params) if issubclass(cls, Detector) else None
        if own is None:
            return None
        labels |= own
    return frozenset(labels) if inputs else None


def _suggestion(label: str, labels: frozenset[str]) -> str:
    """The most similar label, or all labels if they are few."""
    suggestion = did_you_mean(label, labels)
    return suggestion if "did you mean" in suggestion or len(labels) <= 10 else ""
