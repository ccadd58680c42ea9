"""Run every component of Deep Visual Miner once and say which ones this machine cannot run.

testimage.py [MODULE:CLASS ...]
"""

from __future__ import annotations

import argparse
import sys

from pipeline.errors import ExitCode
from pipeline.host.command import program_name
from pipeline.host.libraries import configure
from pipeline.host.processes import open_standard_streams
from pipeline.selftest import machine_lines, run_checks


def main(arguments: list[str] | None = None) -> int:
    """Print what this machine is, then the result of each component's check; the exit status."""
    parser = argparse.ArgumentParser(
        prog=program_name("visualminer-selftest"),
        description="Try every component on a picture drawn for the purpose; exit code 3 if one is broken.",
        epilog=f"example: {program_name('visualminer-selftest')}",
    )
    parser.add_argument(
        "plugins", nargs="*", metavar="MODULE:CLASS", help="components of your own to try too"
    )
    given = parser.parse_args(arguments)
    for line in machine_lines():
        print(line)
    print()
    broken = 0
    for check in run_checks(given.plugins):
        broken += check.trouble is not None
        print(f"{check.name}: {check.trouble or 'ok'}", flush=True)
    print("ok" if not broken else f"{broken} broken")
    return ExitCode.ENVIRONMENT if broken else ExitCode.OK


def run() -> int:
    """Set this process up for the program and run it; returns the exit status. The console script's entry."""
    open_standard_streams()
    configure()
    return main()


if __name__ == "__main__":
    sys.exit(run())
