"""The miner's frame: values, sources, the pipeline file, worker processes. See ARCHITECTURE.md."""

__version__ = "1.0.0"
