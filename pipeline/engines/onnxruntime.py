"""Run networks in ONNX Runtime on one thread."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.engines.listedweights import without_listed_weights
from pipeline.errors import ModelError
from pipeline.host.libraries import configure
from pipeline.text import printable

configure()  # ONNX Runtime reads its environment when it is imported
import onnxruntime  # noqa: E402

FloatArray = NDArray[np.float32]

MOST_ARENA_BYTES = 4 << 30
"""Limit of a network's memory, so that a hostile one cannot exhaust the machine."""

PROVIDERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "cuda": ("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC"}),
    "directml": ("DmlExecutionProvider", {}),
    "coreml": ("CoreMLExecutionProvider", {}),
    "openvino": ("OpenVINOExecutionProvider", {"num_of_threads": "1"}),
    "cpu": ("CPUExecutionProvider", {}),
}
"""Device -> ONNX Runtime's provider and its options, in the order in which `auto` takes them."""

onnxruntime.set_default_logger_severity(4)  # errors are raised as exceptions; do not print them too


class OnnxRuntimeEngine:
    """A network with one input that was compiled to an ONNX file, on the CPU.

    Args:
        model: the file.
        varies: whether inputs have many sizes; the engine then plans no memory for each of them, which takes
            less of it.
    Raises: ModelError: ONNX Runtime does not accept the file.
    """

    def __init__(self, model: Path, *, varies: bool) -> None:
        try:
            self._session = open_session(as_model(os.fspath(model)), "cpu", varies)
        except Exception as error:  # ONNX Runtime's own exceptions have no common base
            raise ModelError(
                f"{printable(model)}: cannot be run ({reason_of(error)}); delete it to have it made again"
            ) from None
        self._input = self._session.get_inputs()[0].name

    def run(self, image: FloatArray) -> list[FloatArray]:
        """Run the network on one input; returns its outputs in the order of its heads.

        Args:
            image: of the network's shape; height and width may differ if the network has a stride.
        Raises: MemoryError: there is no room for buffers of that size.
        """
        try:
            outputs: list[FloatArray] = self._session.run(None, {self._input: image})
        except Exception as error:
            raise MemoryError(f"the network's buffers for {image.shape[1:3]}: {reason_of(error)}") from None
        return outputs


def open_session(model: str | bytes, device: str, sizes_vary: bool) -> Any:
    """Make a session of one thread.

    Args:
        model: path or content of the file.
        device: a key of `PROVIDERS`.
        sizes_vary: see `OnnxRuntimeEngine`.
    Raises: ONNX Runtime's exceptions, which have no common base.
    """
    provider, provider_options = PROVIDERS[device]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.enable_mem_pattern = device != "directml" and not sizes_vary  # DirectML cannot
    if device == "cpu":
        _bound_memory()
        options.add_session_config_entry("session.use_env_allocators", "1")
    providers = [(provider, dict(provider_options))]
    if device != "cpu":
        providers.append(("CPUExecutionProvider", {}))  # for operators that the device lacks
    # ONNX Runtime's own fallback would load a broken file twice and print that on standard output.
    return onnxruntime.InferenceSession(model, options, providers=providers, enable_fallback=False)


def as_model(file: str) -> str | bytes:
    """What a session is made of: the file's path, or its content.

    The content if the path is not UTF-8, which ONNX Runtime cannot open, and without the weights among the
    inputs if they are listed there.

    Raises: OSError: the file cannot be read.
    """
    content = without_listed_weights(file)
    if content is not None:
        return content
    try:
        file.encode()
    except UnicodeEncodeError:
        with open(os.fsencode(file), "rb") as stream:
            return stream.read()
    return file


def _bound_memory() -> None:
    """Give this process one arena for all networks on the CPU, of bounded size."""
    global _bounded
    if not _bounded:
        memory = onnxruntime.OrtMemoryInfo(
            "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
        )
        arena = onnxruntime.OrtArenaCfg({"max_mem": MOST_ARENA_BYTES, "arena_extend_strategy": 1})
        onnxruntime.create_and_register_allocator(memory, arena)
        _bounded = True


_bounded = False


def reason_of(error: Exception) -> str:
    """The message of ONNX Runtime's exception, without its code and source lines."""
    text = " ".join(str(error).split())
    if "[ONNXRuntimeError]" in text:  # it is followed by a code, a name and the message
        text = text.rpartition("[ONNXRuntimeError] : ")[2].split(" : ", 2)[-1]
    if text.startswith("Load model from "):
        text = text.rpartition(" failed:")[2]
    return printable(text.rstrip(".")[:300])
