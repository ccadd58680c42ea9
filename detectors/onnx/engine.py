"""Run an ONNX network in ONNX Runtime on one thread, so that N workers use N cores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.modelinfo import ModelInfo
from detectors.onnxchoices import Device
from pipeline.engines.onnxruntime import PROVIDERS, as_model, open_session, reason_of
from pipeline.errors import ModelError
from pipeline.host.libraries import configure
from pipeline.host.timelimit import time_limit
from pipeline.text import printable

configure()  # ONNX Runtime reads its environment when it is imported
import onnxruntime  # noqa: E402

Array = NDArray[Any]

TRIAL_S = 60.0
"""A network that takes longer for its first picture is refused."""
_PACKAGES = {
    "cuda": "onnxruntime-gpu",
    "directml": "onnxruntime-directml",
    "openvino": "onnxruntime-openvino",
    "coreml": "onnxruntime on macOS",
}


class OnnxEngine:
    """A network in ONNX Runtime.

    Args:
        info: what `read_model_info` read; its file is loaded.
        copy: the path of a changed copy, which is loaded in place of the file.
        device: where it runs; `auto` takes the first of CUDA, DirectML, Core ML, OpenVINO that is installed
            and works, else the CPU.
        sizes_vary: whether inputs have many sizes; the engine then plans no memory for each of them, which
            takes less of it.
    Raises: ModelError: ONNX Runtime does not accept the file, or has no such device.
    """

    def __init__(
        self, info: ModelInfo, device: Device, copy: str | None = None, *, sizes_vary: bool = False
    ) -> None:
        self._shown = printable(info.file)
        self._keys = {port.name: port.key for port in info.outputs}
        choices = usable_devices(device, onnxruntime.get_available_providers())
        for choice in choices:
            provider = PROVIDERS[choice][0]
            try:
                self._session = open_session(copy or as_model(info.file), choice, sizes_vary)
            except Exception as error:  # ONNX Runtime's own exceptions have no common base
                if choice == choices[-1]:
                    raise ModelError(
                        f"{self._shown}: ONNX Runtime cannot use it ({reason_of(error)})"
                    ) from None
                continue
            if self._session.get_providers()[0] == provider:
                return
        raise ModelError(
            f"{self._shown}: the device {device} does not work here, though ONNX Runtime has it; see that "
            'its driver is installed, or write "device: cpu"'
        )

    @property
    def device(self) -> str:
        """ONNX Runtime's name of what the network runs on, such as `CPU`."""
        return str(self._session.get_providers()[0]).removesuffix("ExecutionProvider")

    def run(self, feeds: Mapping[str, Array], options: Any = None) -> dict[str, Array]:
        """Run the network; returns all outputs by key, 16-bit numbers as float32.

        Args:
            feeds: an input's name -> its values.
            options: ONNX Runtime's RunOptions.
        """
        values = self._session.run(list(self._keys), dict(feeds), options)
        return {
            key: value.astype(np.float32) if value.dtype == np.float16 else value
            for key, value in zip(self._keys.values(), values, strict=True)
        }

    def trial(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Run the network for the first time, with a time limit.

        Raises: ModelError: it fails, or takes longer than `TRIAL_S`.
        """
        options = onnxruntime.RunOptions()
        try:
            with time_limit(TRIAL_S, lambda: setattr(options, "terminate", True)):
                return self.run(feeds, options)
        except Exception as error:
            if options.terminate:
                raise ModelError(
                    f"{self._shown}: did not end within {TRIAL_S:.0f} s on one picture"
                ) from None
            raise ModelError(f"{self._shown}: fails when it is run ({reason_of(error)})") from None


def usable_devices(device: Device, available: Sequence[str]) -> list[str]:
    """The devices to try, in order.

    Args:
        device: as in the pipeline file.
        available: names of ONNX Runtime's providers on this machine.
    Raises: ModelError: the device is not available.
    """
    here = [name for name, (provider, _) in PROVIDERS.items() if provider in available]
    if device == "auto":
        return here
    if device not in here:
        raise ModelError(
            f'device "{device}": the ONNX Runtime that is installed has only {", ".join(here)}; install '
            f'{_PACKAGES.get(device, "onnxruntime")} in place of onnxruntime, or write "device: auto"'
        )
    return [device]


assert set(get_args(Device)) == {"auto", *PROVIDERS}
