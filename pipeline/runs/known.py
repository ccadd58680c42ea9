"""How much of a pipeline's work earlier runs have done: counts for each detector, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.catalog import load_class
from pipeline.component import Detector
from pipeline.config.keys import key_for_format, key_of_sampling
from pipeline.config.values import PipelineConfig
from pipeline.formats import FORMATS
from pipeline.kept.findings import OF_SAMPLING, split_keys
from pipeline.kept.store import Store, StoredInput
from pipeline.ledger.record import Context
from pipeline.runs.selection import Decision, Reason


def stored_for(decision: Decision, store: Store, *, uses_forced: bool) -> StoredInput | None:
    """What is stored about the content that an input had when it, or another with its content, was mined.

    Args:
        uses_forced: whether findings are used in inputs that are forced, as with `--force-component`.
    """
    record = decision.twin or decision.earlier
    if record is None or record.sha256 is None or (decision.reason is Reason.FORCED and not uses_forced):
        return None
    stored = store.find(record.relative)
    return stored if stored is not None and stored.sha256 == record.sha256 else None


class KnownComponents:
    """Tells of which detectors of a pipeline the findings in an input are known.

    Args:
        config: the pipeline.
        without: names of detectors whose findings are not to be used.
    """

    def __init__(self, config: PipelineConfig, without: Iterable[str] = ()) -> None:
        detectors = [
            (component, key)
            for component, key in zip(config.components, config.keys, strict=True)
            if issubclass(load_class(component.target), Detector)
        ]
        self.names = tuple(component.name for component, _ in detectors)
        """Of the detectors, in the order of the pipeline file."""
        self.asked = frozenset(component.name for component, key in detectors if key.is_asked)
        """Those that judge what is known of an input again, without its pixels."""
        self._without = frozenset(without)
        self._sampling = key_of_sampling(config.sampling)
        self._of_digest = {
            key_for_format(key.digest, format_): (component.name, key.level)
            for component, key in detectors
            for format_ in FORMATS
        }

    def of_keys(self, keys: bytes) -> frozenset[str]:
        """The names of the detectors whose findings these keys stand for, see `keys_in`.

        That is as far as they look at the regions that they looked at before.
        """
        names = set()
        for key in split_keys(keys):
            if key.level == OF_SAMPLING and key != self._sampling:
                return frozenset()
            name, level = self._of_digest.get(key.digest, ("", OF_SAMPLING))
            if key.level == level or (key.level < level and not key.is_rounded):
                names.add(name)
        return frozenset(names) - self._without - {""}

    def of_decision(self, decision: Decision, store: Store) -> frozenset[str]:
        """The names of the detectors that need not look at an input that is mined."""
        stored = stored_for(decision, store, uses_forced=bool(self._without))
        if stored is None or (decision.reason is Reason.CHANGED and not decision.twin):
            return frozenset()
        return self.of_keys(stored.keys)


@dataclass
class Tally:
    """Counts inputs for each detector: in how many its findings are known, and in how many they are not."""

    components: KnownComponents
    inputs: int = 0
    known: Counter[str] = field(default_factory=Counter)

    def add(self, known: Iterable[str], inputs: int = 1) -> None:
        """Count inputs in which the findings of these detectors are known."""
        self.inputs += inputs
        self.known.update(dict.fromkeys(known, inputs))

    @property
    def sentence(self) -> str:
        """Such as `objects: 98,760 known, 1,240 to do; names: 100,000 to compare`."""
        return "; ".join(f"{name}: {self._counts(name)}" for name in self.components.names)

    def _counts(self, name: str) -> str:
        known = self.known[name]
        words = "to compare" if name in self.components.asked else "known"
        parts = [f"{known:,} {words}"] if known else []
        parts += [f"{self.inputs - known:,} to do"] if known < self.inputs or not known else []
        return ", ".join(parts)


def tally_of_other_pipelines(components: KnownComponents, store: Store, context: Context) -> Tally:
    """Count the inputs whose outputs are of another pipeline than this run's."""
    tally = Tally(components)
    current = {context.of_format(format_).pipeline for format_ in FORMATS}
    for keys, count in store.counts(but=current).items():
        tally.add(components.of_keys(keys), count)
    return tally
