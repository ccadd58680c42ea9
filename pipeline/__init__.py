"""The miner: values, sources, the pipeline file, worker processes, runs. See ARCHITECTURE.md."""

__version__ = "1.0.0"
