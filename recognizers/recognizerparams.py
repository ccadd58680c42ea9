"""The `params:` of a recognizer."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from pipeline import component
from pipeline.component import ALL, Words
from pipeline.params import ModelPath
from recognizers.model.strategies import STRATEGIES, strategy_named

MOST_VOTES = "mostvotes"


def _strategies(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(strategy_named(word) for word in words))


def _output(words: tuple[str, ...]) -> tuple[str, ...]:
    if ALL in words or MOST_VOTES in words:
        if len(words) > 1:
            raise ValueError(f'"{ALL}" and "{MOST_VOTES}" stand alone')
        return words
    return _strategies(words)


def _by_strategy(distances: dict[str, float]) -> dict[str, float]:
    return {strategy_named(word): distance for word, distance in distances.items()}


class RecognizerParams(component.Params):
    """The `params:` of a recognizer."""

    model: Annotated[ModelPath, Field(description="model directory that facerec_train.py train wrote")]
    optional: Annotated[
        bool, Field(description="true: while the model directory does not exist, no face gets a name")
    ] = False
    strategies: Annotated[
        Words,
        AfterValidator(_strategies),
        Field(
            description="which of eigen, fischer (or fisher), lbp and embedding run; default: all that "
            "the model has"
        ),
    ] = ()
    outputlabel: Annotated[
        Words,
        Field(min_length=1),
        AfterValidator(_output),
        Field(
            description="all: every strategy's label; mostvotes: the majority's, or all if there is none; "
            "or names of strategies"
        ),
    ] = (MOST_VOTES,)
    equalizehist: Annotated[
        bool | None,
        Field(description="equalize the histogram of each face first; default: as the model was trained"),
    ] = None
    unknown: Annotated[
        bool, Field(description='whether a face beyond the unknown distance is labelled "unknown"')
    ] = True
    unknown_distance: Annotated[
        dict[str, Annotated[float, Field(gt=0)]],
        AfterValidator(_by_strategy),
        Field(
            default_factory=dict,
            examples=[{"eigen": 1800}],
            description="strategy: distance beyond which a face is unknown, instead of the model's own",
        ),
    ]

    @model_validator(mode="after")
    def _fits_together(self) -> RecognizerParams:
        if self.unknown_distance and not self.unknown:
            raise ValueError('"unknown_distance" has no meaning with "unknown: false"; leave one of them out')
        asked = [word for word in self.outputlabel if word in STRATEGIES]
        if self.strategies and not set(asked) <= set(self.strategies):
            raise ValueError(
                f'"outputlabel" asks for {", ".join(asked)}, "strategies" are {", ".join(self.strategies)}'
            )
        return self

    def is_missing(self) -> bool:
        """Return whether the model does not exist yet and need not."""
        return self.optional and not os.path.lexists(self.model)

    def named_strategies(self) -> tuple[str, ...]:
        """Return the strategies that `strategies` or `outputlabel` name; empty if neither does."""
        return self.strategies or tuple(word for word in self.outputlabel if word in STRATEGIES)
