#!/usr/bin/env bash
# ONNX Runtime optimizes nothing that depends on weights which the file lists as inputs, as all old files do.
#
# Guess:    a convolution followed by a batch normalization and a ReLU becomes one operation when ONNX Runtime loads the
#           file, whichever exporter wrote it.
# Real:     up to IR version 3 of the format each weight had to be listed among the graph's inputs as well. Since
#           version 4 that means "a default, which the caller may replace", and ONNX Runtime takes it so in files of
#           either version: it folds no constant and fuses nothing. The same graph with the weights left out of the
#           inputs runs as one operation. It is said in a warning alone, one for each weight.
# Versions: onnxruntime 1.32.0, onnx 1.23.2.
# Matters:  files of 2017 to 2019, and files converted from MXNet, of which OpenCV's SFace is one, run slower than they
#           could: OpenVINO, which folds them, needs a third of the time for SFace.
#
# Seen (operations that are left after optimization):
#   weights among the inputs        BatchNormalization Conv Relu
#   weights not among the inputs    FusedConv
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6

cat > fold.py << 'END'
import numpy as np, onnx, onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(1)
arrays = {"kernel": random.normal(size=(8, 3, 3, 3))}
arrays |= {name: random.uniform(0.5, 1.5, 8) for name in ("bias", "scale", "shift", "mean", "variance")}
weights = [numpy_helper.from_array(values.astype(np.float32), name) for name, values in arrays.items()]
picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, (1, 3, 20, 20))
listed = [helper.make_tensor_value_info(name, TensorProto.FLOAT, values.shape) for name, values in arrays.items()]
nodes = [
    helper.make_node("Conv", ["picture", "kernel", "bias"], ["a"]),
    helper.make_node("BatchNormalization", ["a", "scale", "shift", "mean", "variance"], ["b"]),
    helper.make_node("Relu", ["b"], ["c"]),
]
output = helper.make_tensor_value_info("c", TensorProto.FLOAT, (1, 8, 18, 18))
answers = []
for inputs in ([picture, *listed], [picture]):
    graph = helper.make_graph(nodes, "g", inputs, [output], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=4)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = "optimized.onnx"
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    answers.append(session.run(None, {"picture": np.ones((1, 3, 20, 20), np.float32)})[0])
    print(*sorted(node.op_type for node in onnx.load("optimized.onnx").graph.node))
assert np.allclose(*answers, atol=1e-4)
END

export ORT_DISABLE_TELEMETRY=1
mapfile -t left < <(python fold.py)
echo "weights among the inputs        ${left[0]}"
echo "weights not among the inputs    ${left[1]}"
if [[ ${left[0]} != "BatchNormalization Conv Relu" || ${left[1]} != "FusedConv" ]]; then
    echo "ONNX Runtime treats weights that are listed as inputs otherwise now." >&2
    exit 1
fi
