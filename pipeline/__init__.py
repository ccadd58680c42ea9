"""The miner's frame: values, sources, the pipeline file, worker processes. See ARCHITECTURE.md."""
