"""The miner's frame: values, sources, the pipeline file, worker processes. See ARCHITECTURE.md."""

import os

__version__ = "1.0.0"

# Before anybody, a plugin too, imports ONNX Runtime: its official builds since 1.29 report to their maker
# which model ran on which machine, from a thread of their own, and leave an identifier in the person's home.
# What people give to this program stays with them.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
