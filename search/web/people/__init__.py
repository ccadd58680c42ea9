"""The pages on which people get their names, of a server that was started with `--writable`."""
