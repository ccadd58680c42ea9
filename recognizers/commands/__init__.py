"""The subcommands of facerec_train.py, one file each.

They are on one level with the miner and may import everything below it. A command is a generator of the lines
that the program prints, and may return an exit code.
"""
