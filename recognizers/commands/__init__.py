"""The subcommands of facerec_train.py, one file each: their arguments, and what they do and say.

They stand above the pipeline, as the miner does, and may use any room below it. A command is a generator
of the lines that the front door prints, and may return an exit code.
"""
