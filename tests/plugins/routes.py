"""Detectors that show which regions they get."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from pipeline.component import Detector, Params, Words
from pipeline.detections import Box, Detection, Label


class PlacesParams(Params):
    """`boxes` are text, "x1 y1 x2 y2 label"."""

    boxes: Annotated[Words, Field(min_length=1)]


class Places(Detector):
    """Finds the boxes of its params, in numpy's numbers, and even outside of the frame."""

    Params = PlacesParams
    params: Any

    def detect(self, frame, regions):
        """The boxes of `params`."""
        for text in self.params.boxes:
            *corners, label = text.split()
            yield Detection(Box(*np.array(corners, np.int64)), (Label("first"), Label(label)))


class EchoesParams(Params):
    """`outputlabel` is on every detection."""

    outputlabel: str = "echo"


class Echoes(Detector):
    """Finds each region that it gets, as often as it gets it."""

    Params = EchoesParams
    forkable = True
    params: Any

    def detect(self, frame, regions):
        """The regions."""
        return [Detection(box, (Label(self.params.outputlabel),)) for box in regions]


class Halves(Detector):
    """Finds boxes between two pixels, which there are not."""

    def detect(self, frame, regions):
        """A half box."""
        return [Detection(Box(0, 0, 1.5, 1.5), (Label("half"),))]


class _Word(str):
    __slots__ = ()

    def __reduce__(self):
        raise TypeError("this word cannot be pickled")


class Unpicklable(Detector):
    """Finds what no pipe could carry."""

    def detect(self, frame, regions):
        """One detection."""
        return [Detection(frame.whole, (Label(_Word("odd")),))]
