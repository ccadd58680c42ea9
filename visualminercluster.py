"""Run the machines of a cluster, which `visualminer --cluster` spreads a run over.

visualminercluster.py make-certs | scheduler | worker SCHEDULER
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from cluster.commands import makecerts, scheduler, worker
from pipeline.host.libraries import configure
from pipeline.host.logs import set_up_logging
from pipeline.host.processes import open_standard_streams
from pipeline.host.program import OneLineParser, commands_parser, exit_status

_COMMANDS = (makecerts, scheduler, worker)


def _parser() -> OneLineParser:
    description = "Run the machines of a cluster, which visualminer --cluster spreads a run over."
    return commands_parser("visualminer-cluster", description, _COMMANDS, "worker")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    given = _parser().parse_args(arguments)
    is_part_of_a_run = getattr(given, "parent", None) is not None
    set_up_logging(logging.WARNING if is_part_of_a_run else logging.INFO, None)
    return exit_status(lambda: given.run(given))


def run() -> int:
    """Set this process up for the program and run it; returns the exit status. The console script's entry."""
    open_standard_streams()
    configure()
    return main()


if __name__ == "__main__":
    sys.exit(run())
