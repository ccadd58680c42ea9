"""Corrections in a training: pictures are dropped or get another label, and corrected faces are added."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from pipeline.host.cores import usable_cores
from pipeline.text import Spellings, printable
from recognizers.corrections.lookup import Corrections
from recognizers.corrections.store import CorrectionStore
from recognizers.faces.dataset import Example
from recognizers.faces.facekey import FaceKey
from recognizers.faces.folderrecord import common_record, looks_like, read_facts
from recognizers.model.strategies import UNKNOWN


@dataclass(frozen=True)
class CorrectedExamples:
    """Training pictures after corrections.

    Args:
        examples: those of the list that stay, with the right labels.
        added: kept pictures of corrected faces that the list does not have.
        sentences: what was changed, one for each picture.
    """

    examples: Sequence[Example]
    added: Sequence[Example]
    sentences: Sequence[str]


def obey_corrections(
    examples: Sequence[Example], store: CorrectionStore, *, with_added: bool
) -> CorrectedExamples:
    """Apply users' corrections of faces to a list of training pictures.

    A picture is that of a corrected face if its note says so; the file may have been moved and renamed.

    Args:
        examples: at least one.
        store: of the corrections; it may be missing.
        with_added: whether kept pictures are added; those that were prepared unlike the list's are not.
    Raises: ModelError: the log of corrections cannot be read; UsageError: the pictures of the list were
        prepared differently.
    """
    corrections = Corrections(store.entries())
    if not corrections.verdicts:
        return CorrectedExamples(examples, (), ())
    with ThreadPoolExecutor(usable_cores()) as threads:
        keys = list(threads.map(lambda example: _key_of(example.path), examples))
    labels = _Labels(examples)
    kept: list[Example] = []
    sentences: list[str] = []
    for example, key in zip(examples, keys, strict=True):
        label = example.label if key is None else corrections.label(key, example.label)
        if label == example.label:
            kept.append(example)
        elif label in (None, UNKNOWN):
            sentences.append(
                f'{printable(example.path)}: not trained as "{printable(example.label)}", as corrected'
            )
        else:
            kept.append(labels.relabelled(example, label or ""))
            sentences.append(
                f'{printable(example.path)}: trained as "{printable(label or "")}", as corrected'
            )
    added = _added(corrections, store, {key for key in keys if key}, labels) if with_added else []
    if added and examples:
        like = common_record(example.path for example in examples)
        added = [example for example in added if looks_like(read_facts(example.path), like)]
    return CorrectedExamples(kept, added, sentences)


def _key_of(path: str) -> FaceKey | None:
    facts = read_facts(path)
    return None if facts is None else facts.key


class _Labels:
    """Gives labels their numbers, and new ones the numbers behind them."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._spellings = Spellings(example.label for example in examples)
        self._numbers = {example.label: example.number for example in examples}

    def relabelled(self, example: Example, label: str) -> Example:
        """Return an example with another label and that label's number."""
        label = self._spellings.first(label)
        number = self._numbers.setdefault(label, max(self._numbers.values(), default=-1) + 1)
        return replace(example, label=label, number=number)


def _added(
    corrections: Corrections, store: CorrectionStore, listed: set[FaceKey], labels: _Labels
) -> list[Example]:
    """Return the kept pictures of faces that were given a person's name and are not in the list."""
    added = []
    for verdict in corrections.verdicts:
        if not verdict.is_face or verdict.name in (None, UNKNOWN) or verdict.face.key in listed:
            continue
        path = store.picture_of(verdict.face)
        if path is not None:
            added.append(labels.relabelled(Example(str(path), "", -1), verdict.name or ""))
    return added
