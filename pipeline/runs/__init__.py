"""One run: options, selecting inputs, reusing outputs of renamed inputs, pruning, progress, summary."""
