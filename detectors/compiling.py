"""The common part of the compilers: their command line, and the conversion of a TensorFlow function.

Compilers run in processes of their own; they import TensorFlow only after they have checked the files.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import ExitCode, MinerError
from pipeline.files.outputs import write_file
from pipeline.host.parentdeath import die_with_parent


def run_compiler(arguments: list[str], compile_files: Callable[..., bytes]) -> int:
    """Run a compiler's command line: PARENT_PID PRECISION OUTPUT FILE...

    Args:
        arguments: the command line without the program.
        compile_files: takes the files as paths, and `precision`; returns the compiled network.
    Returns: 0, or 3 with one sentence on standard error.
    """
    parent_pid, precision, output, *files = arguments
    die_with_parent(int(parent_pid))
    try:
        write_file(Path(output), compile_files(*map(Path, files), precision=precision))
    except MinerError as error:
        print(error, file=sys.stderr)
        return ExitCode.ENVIRONMENT
    return ExitCode.OK


def to_flatbuffer(function: Any, precision: str) -> bytes:
    """Convert a `tf.function` with an input signature to a LiteRT flatbuffer.

    Args:
        function: its results become the outputs, in order.
        precision: `float32`, or `int8` for 8-bit weights (activations are quantized dynamically).
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    if precision == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())
