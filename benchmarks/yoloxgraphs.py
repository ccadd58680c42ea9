"""YOLOX networks with random weights: as fast as Megvii's own files, which cannot be had everywhere.

Source: Ge et al., YOLOX: Exceeding YOLO Series in 2021; CSPDarknet, PAFPN and the decoupled head with batch
normalization folded in.
"""

from __future__ import annotations

import numpy as np
from onnx import ModelProto

from tests.detectors.onnx.graphs import Graph

SIZES = {"yolox-nano": (0.33, 0.25, 416), "yolox-tiny": (0.33, 0.375, 416), "yolox-s": (0.33, 0.5, 640)}
"""Name -> multipliers of depth and width, side of the input; nano's 3x3 convolutions are depthwise."""
CLASSES = 80


class _Yolox(Graph):
    """A YOLOX in the making; `parameters` counts its weights, as Megvii's table does."""

    def __init__(self, depth: float, width: float, *, depthwise: bool) -> None:
        super().__init__()
        self.parameters = 0
        self._repeats = max(round(3 * depth), 1)
        self._base = int(64 * width)
        self._depthwise = depthwise
        self._random = np.random.default_rng(1)

    def plain(self, x: str, before: int, after: int, size: int = 1, stride: int = 1, groups: int = 1) -> str:
        """A convolution without activation."""
        fan = before // groups * size * size
        weights = self._random.normal(0, (2 / fan) ** 0.5, (after, before // groups, size, size))
        self.parameters += weights.size + 2 * after
        bias = self.constant(np.zeros(after))
        strides, pads = [stride, stride], [size // 2] * 4
        return self.add("Conv", x, self.constant(weights), bias, strides=strides, pads=pads, group=groups)

    def conv(self, x: str, before: int, after: int, size: int = 1, stride: int = 1, groups: int = 1) -> str:
        """A convolution with SiLU."""
        x = self.plain(x, before, after, size, stride, groups)
        return self.add("Mul", x, self.add("Sigmoid", x))

    def spatial(self, x: str, before: int, after: int, stride: int = 1) -> str:
        """A 3x3 convolution with SiLU, in two steps where the network is depthwise."""
        if not self._depthwise:
            return self.conv(x, before, after, 3, stride)
        return self.conv(self.conv(x, before, before, 3, stride, before), before, after)

    def concat(self, *parts: str) -> str:
        return self.add("Concat", *parts, axis=1)

    def csp(self, x: str, before: int, after: int, repeats: int, *, shortcut: bool) -> str:
        """A cross-stage-partial block of bottlenecks."""
        half = after // 2
        deep, flat = self.conv(x, before, half), self.conv(x, before, half)
        for _ in range(repeats):
            y = self.spatial(self.conv(deep, half, half), half, half)
            deep = self.add("Add", y, deep) if shortcut else y
        return self.conv(self.concat(deep, flat), 2 * half, after)

    def pyramid(self, x: str) -> tuple[str, str, str]:
        """CSPDarknet: features at strides 8, 16 and 32."""
        base, levels = self._base, []
        corners = [self._every_other(x, row, column) for column in (0, 1) for row in (0, 1)]
        x = self.conv(self.concat(*corners), 12, base, 3)
        for times, repeats in ((2, 1), (4, 3), (8, 3), (16, 1)):
            after, deepest = times * base, times == 16
            x = self.spatial(x, after // 2, after, 2)
            if deepest:
                x = self._spp(x, after)
            x = self.csp(x, after, after, repeats * self._repeats, shortcut=not deepest)
            levels.append(x)
        return levels[1], levels[2], levels[3]

    def _every_other(self, x: str, row: int, column: int) -> str:
        starts, ends = self.constant([row, column], "int64"), self.constant([2**31, 2**31], "int64")
        return self.add(
            "Slice", x, starts, ends, self.constant([2, 3], "int64"), self.constant([2, 2], "int64")
        )

    def _spp(self, x: str, channels: int) -> str:
        x = self.conv(x, channels, channels // 2)
        pools = [
            self.add("MaxPool", x, kernel_shape=[size, size], strides=[1, 1], pads=[size // 2] * 4)
            for size in (5, 9, 13)
        ]
        return self.conv(self.concat(x, *pools), 2 * channels, channels)

    def neck(self, x: str) -> tuple[str, str, str]:
        """PAFPN: the same levels, mixed downwards and upwards."""
        c, n = self._base * 4, self._repeats
        low, middle, high = self.pyramid(x)
        lateral = self.conv(high, 4 * c, 2 * c)
        middle = self.csp(self.concat(self._doubled(lateral), middle), 4 * c, 2 * c, n, shortcut=False)
        reduced = self.conv(middle, 2 * c, c)
        low = self.csp(self.concat(self._doubled(reduced), low), 2 * c, c, n, shortcut=False)
        up = self.concat(self.spatial(low, c, c, 2), reduced)
        middle = self.csp(up, 2 * c, 2 * c, n, shortcut=False)
        up = self.concat(self.spatial(middle, 2 * c, 2 * c, 2), lateral)
        return low, middle, self.csp(up, 4 * c, 4 * c, n, shortcut=False)

    def _doubled(self, x: str) -> str:
        scales = self.constant([1, 1, 2, 2])
        return self.add("Resize", x, "", scales, mode="nearest", nearest_mode="floor")

    def head(self, x: str, before: int) -> str:
        """One level's boxes, objectness and class scores, (1, 5 + classes, cells)."""
        c = self._base * 4
        stem = self.conv(x, before, c)
        classes = self.spatial(self.spatial(stem, c, c), c, c)
        boxes = self.spatial(self.spatial(stem, c, c), c, c)
        scores = self.add("Sigmoid", self.plain(classes, c, CLASSES))
        objectness = self.add("Sigmoid", self.plain(boxes, c, 1))
        rows = self.concat(self.plain(boxes, c, 4), objectness, scores)
        return self.reshape(rows, 1, 5 + CLASSES, -1)


def yolox(name: str) -> tuple[ModelProto, int]:
    """A network of `SIZES`, and how many parameters it has."""
    depth, width, side = SIZES[name]
    graph = _Yolox(depth, width, depthwise=name == "yolox-nano")
    c = int(64 * width) * 4
    levels = zip(graph.neck("images"), (c, 2 * c, 4 * c), strict=True)
    rows = graph.add("Concat", *(graph.head(x, channels) for x, channels in levels), axis=2)
    graph.add("Transpose", rows, perm=[0, 2, 1], output="output")
    cells = sum((side // stride) ** 2 for stride in (8, 16, 32))
    return graph.model({"images": (1, 3, side, side)}, {"output": (1, cells, 5 + CLASSES)}), graph.parameters
