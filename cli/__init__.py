"""The command line of `visualminer.py`: its arguments, and what it does with them."""
