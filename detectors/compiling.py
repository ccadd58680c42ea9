"""What the compilers of networks share: their command line, and TensorFlow function -> LiteRT flatbuffer.

Runs in a process of its own; TensorFlow is imported when the files are found to be sound.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import ExitCode, MinerError
from pipeline.files.outputs import write_file
from pipeline.host.processes import die_with_parent


def run_compiler(arguments: list[str], compile_files: Callable[..., bytes]) -> int:
    """Compile as the command line says: PARENT_PID PRECISION OUTPUT FILE...

    Args:
        arguments: the command line without the program.
        compile_files: takes the files as paths and `precision`, gives the flatbuffer.
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
    """A LiteRT flatbuffer of a `tf.function` with an input signature.

    Args:
        function: its results become the outputs, in order.
        precision: `float32`, or `int8` for 8-bit weights (what flows between layers
            is quantized as it comes).
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    if precision == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())
