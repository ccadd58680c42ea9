"""Mine photos and videos: find what is in each one, write reports and annotated copies.

visualminer.py INPUT OUTPUT PIPELINE.yml
visualminer.py --check PIPELINE.yml
"""

from __future__ import annotations

import sys

from pipeline.host.libraries import configure
from pipeline.host.processes import open_standard_streams
from pipeline.host.tuning import collection_paused, limit_numpy_threads


def main(arguments: list[str] | None = None) -> int:
    """Run the command line in this process as it is; returns the exit status.

    Args:
        arguments: without the program's name; None: those of `sys.argv`.
    """
    from cli import commandline

    return commandline.main(arguments)


def run() -> int:
    """Set this process up for the program and run it; returns the exit status. The console script's entry."""
    open_standard_streams()
    configure()
    limit_numpy_threads()
    with collection_paused():
        from cli import commandline
    return commandline.main()


if __name__ == "__main__":
    sys.exit(run())
