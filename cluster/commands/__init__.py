"""The subcommands of `visualminercluster.py`, one file each."""
