"""The subcommands of visualsearch.py, one file each."""
