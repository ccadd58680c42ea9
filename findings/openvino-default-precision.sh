#!/usr/bin/env bash
# OpenVINO computes a float32 network in bfloat16 on processors that have it, unless it is asked not to.
#
# Guess:    a network whose weights, inputs and outputs are float32 is computed in float32; less is a choice.
# Real:     the CPU plug-in's INFERENCE_PRECISION_HINT is bfloat16 by default on processors with AVX512-BF16 or AMX. The
#           outputs are float32 numbers with two to three right digits. INFERENCE_PRECISION_HINT f32, or
#           EXECUTION_MODE_HINT ACCURACY, computes in float32. The same file and program therefore give other
#           confidences on another processor.
# Versions: openvino 2026.4.1 (documented under "CPU Device", "Floating Point Data Types Specifics").
# Matters:  a program whose reports should be alike on all machines has to set the hint; a comparison of engines that
#           does not set it compares bfloat16 with float32. deepvisualminer sets f32 unless `precision:` says otherwise.
#
# Seen (one 3x3 convolution with random weights; largest difference to NumPy's result in float64):
#   default                            bfloat16   more than 0.01
#   INFERENCE_PRECISION_HINT f32       float32    less than 0.00001
#   EXECUTION_MODE_HINT ACCURACY       dynamic    less than 0.00001
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
if ! grep -qE '\b(avx512_bf16|amx_bf16)\b' /proc/cpuinfo 2> /dev/null; then
    echo "This finding is of processors with bfloat16 (AVX512-BF16 or AMX)." >&2
    exit 77
fi
venv openvino==2026.4.1 numpy==2.4.6

cat > precision.py << 'END'
"""Prints, for each configuration, the precision that OpenVINO states and whether a convolution is right to 1e-5."""
import sys

sys.modules["openvino_telemetry"] = None  # its import would send an event
import numpy as np
import openvino as ov
from openvino import opset13

random = np.random.default_rng(0)
weights = random.standard_normal((8, 3, 3, 3)).astype(np.float32)
image = random.random((1, 3, 34, 34)).astype(np.float32)
windows = np.lib.stride_tricks.sliding_window_view(image[0].astype(np.float64), (3, 3), axis=(1, 2))
right = np.einsum("cyxij,ocij->oyx", windows, weights.astype(np.float64))

entry = opset13.parameter([1, 3, 34, 34], np.float32)
network = ov.Model([opset13.convolution(entry, opset13.constant(weights), [1, 1], [0, 0], [0, 0], [1, 1])], [entry])
for name, hints in (
    ("default", {}),
    ("f32", {"INFERENCE_PRECISION_HINT": "f32"}),
    ("ACCURACY", {"EXECUTION_MODE_HINT": "ACCURACY"}),
):
    compiled = ov.Core().compile_model(network, "CPU", hints)
    result = compiled(image)[0]
    stated = str(compiled.get_property("INFERENCE_PRECISION_HINT")).strip("<>").split("'")[1]
    error = float(np.abs(result[0] - right).max())
    print(name, result.dtype, stated, "exact" if error < 1e-5 else "rounded" if error > 0.01 else error)
END
python precision.py > seen
cat seen
diff seen - << 'END'
default float32 bfloat16 rounded
f32 float32 float32 exact
ACCURACY float32 dynamic exact
END
