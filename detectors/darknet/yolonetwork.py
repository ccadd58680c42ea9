"""Run a compiled YOLO network on regions of a frame; returns scored boxes in those regions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from detectors.boxes import FloatArray, letterbox, suppress_scores
from detectors.darknet.decode import decode_heads
from detectors.darknet.heads import DetectionHead
from detectors.darknet.networkcfg import NetworkCfg
from detectors.darknet.tree import ClassTree
from detectors.sampling import Resize, sample
from pipeline.detections import Box
from pipeline.engines.engine import Engine
from pipeline.frame import Frame


class YoloNetwork:
    """A network whose heads are Darknet's, compiled and ready to run.

    Args:
        network: the description of its input and heads.
        engine: that holds the compiled network.
        names: of the classes, in the order of the class ids.
        tree: of the classes, if the network has one.
        stride: see `NetworkCfg.stride`; None: the compiled network accepts only inputs of its own size.
        stretched: whether the network was trained on pictures stretched to its input.
    """

    forkable = True
    """Processes may be forked off one that holds it; see `Component.forkable`."""

    def __init__(
        self,
        network: NetworkCfg,
        engine: Engine,
        names: tuple[str, ...],
        *,
        tree: ClassTree | None = None,
        stride: int | None = None,
        stretched: bool = False,
    ) -> None:
        self.names = names
        self._network = network
        self._tree = tree
        self._stride = stride
        self._engine = engine
        # Darknet's own program stretches pictures for YOLOv1, and Darkflow for every network.
        stretched = stretched or any(isinstance(head, DetectionHead) for _, head in network.heads)
        self._resize: Resize = "stretch" if stretched else "letterbox"

    def needed_wh(self, full_wh: tuple[int, int], resize: Resize | Literal["auto"]) -> tuple[int, int]:
        """The size of a whole frame on the network's input; `resize: darknet` needs the full size."""
        as_asked = self._resize if resize == "auto" else resize
        input_wh = (self._network.shape.width, self._network.shape.height)
        if as_asked == "darknet":
            return full_wh
        if as_asked == "stretch":
            return input_wh
        place = letterbox(full_wh, input_wh)
        return place.width, place.height

    def iter_boxes(
        self,
        frame: Frame,
        regions: Sequence[Box],
        *,
        threshold: float,
        nms: float,
        resize: Resize | Literal["auto"],
    ) -> Iterator[tuple[Box, FloatArray, FloatArray]]:
        """Find boxes in each region.

        Args:
            frame: the pixels.
            regions: not empty, inside the frame.
            threshold: scores at or below it are 0.
            nms: IoU above which the weaker of two boxes of a class is dropped.
            resize: how a picture is fitted into the input; `auto`: as the network was trained.
        Returns: each region with its boxes, (N, 4) `xyxy` in pixels of the region, not clipped, and their
            scores, (N, classes).
        """
        shape = self._network.shape
        as_asked: Resize = self._resize if resize == "auto" else resize
        for region in regions:
            pixels, place = sample(frame, region, (shape.width, shape.height), as_asked, self._stride)
            xyxy, scores = decode_heads(self._network, self._engine.run(pixels), threshold, self._tree)
            xyxy = place.to_picture(xyxy, (region.width, region.height))
            scores = suppress_scores(xyxy, scores, nms)
            yield (
                region,
                xyxy,
                np.minimum(scores, np.float32(1)),
            )  # YOLOv1 predicts scores without a bound, also above 1
