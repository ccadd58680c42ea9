"""Values of params that concern engines."""

from __future__ import annotations

from typing import Literal

Precision = Literal["auto", "float32", "bf16", "int8"]
"""Values of `precision:`."""
EngineName = Literal["auto", "litert", "onnxruntime", "openvino"]
"""Values of `engine:`, what runs a network on the CPU."""
