"""Trigger labels that nothing has, and other doubtful settings of a valid pipeline file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.catalog import load_class
from pipeline.component import Detector, Writer
from pipeline.config.synonyms import synonyms_among
from pipeline.config.values import FILES, ComponentConfig, PipelineConfig
from pipeline.text import Spellings, did_you_mean, shortened

_FEW_LABELS = 10


def iter_warnings(config: PipelineConfig) -> Iterator[str]:
    """Yield a sentence for each doubtful setting; the pipeline runs all the same."""
    if not any(issubclass(load_class(component.target), Writer) for component in config.components):
        yield "no component writes anything"
    else:
        yield from _unread(config.components)
    for component in config.components:
        for label, suggestion in _never_found(component, config.components):
            yield (
                f'component "{shortened(component.name)}": none of its inputs ever finds '
                f'"{shortened(label)}", one of its triggerlabels{suggestion}'
            )


def _unread(components: Sequence[ComponentConfig]) -> Iterator[str]:
    """Yield a sentence for each detector and recognizer whose findings reach no output."""
    read = {name for component in components for name in component.inputs}
    for component in components:
        if component.name not in read and not issubclass(load_class(component.target), Writer):
            yield (
                f'component "{shortened(component.name)}": no component has it among its inputs, so what it '
                "finds is not written; add it to the inputs of the writers that come after it"
            )


def iter_idle(components: Sequence[ComponentConfig]) -> Iterator[tuple[int, str]]:
    """Yield the components that never get anything to do, because no input gives any of their trigger labels.

    Args:
        components: all of a pipeline.
    Yields: the component's place, and what is wrong.
    """
    for place, component in enumerate(components):
        never = _never_found(component, components)
        if never and len(never) == len(component.params.triggerlabels):
            labels = ", ".join(f'"{shortened(label)}"' for label, _ in never)
            yield place, f"triggerlabels: none of its inputs ever finds {labels}{never[0][1]}"


def _never_found(component: ComponentConfig, components: Sequence[ComponentConfig]) -> list[tuple[str, str]]:
    """The trigger labels of a component that none of its inputs gives, each with a suggestion."""
    by_name = {other.name: other for other in components}
    if not component.params.triggerlabels:
        return []
    labels = _labels_of([by_name[name] for name in component.inputs if name != FILES])
    if labels is None:
        return []
    spellings = Spellings(labels)
    wrong = (label for label in component.params.triggerlabels if label not in spellings)
    return [(label, _suggestion(label, labels)) for label in wrong]


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
    """What was probably meant: a synonym, the most similar label, or all labels if they are few."""
    if meant := synonyms_among(label, labels):
        return f'; did you mean "{meant[0]}"?'
    suggestion = did_you_mean(label, labels)
    return suggestion if "did you mean" in suggestion or len(labels) <= _FEW_LABELS else ""
