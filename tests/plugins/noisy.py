"""Writes to standard output, standard error and the log from several threads."""

from __future__ import annotations

import logging
import os
import sys
import threading

from pipeline.component import Detector
from pipeline.host.logs import ONCE_A_RUN

_log = logging.getLogger("pipeline.noisy")


class Noisy(Detector):
    """Prints a megabyte on each of standard output and error, logs from threads, and one thing once."""

    forkable = True

    def detect(self, frame, regions):
        """Print and log; find nothing."""
        print("noise " * 170_000)
        sys.stderr.write("NOISE " * 170_000 + "\n")
        os.write(1, b"\xff\x00 raw noise\n")
        threads = [
            threading.Thread(target=_log.warning, args=("thread %d: %s", n, "w" * 99)) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        _log.warning("the same for everybody", extra=ONCE_A_RUN)
        _log.warning("%d and too few arguments %d", 1)
        for thread in threads:
            thread.join()
        return []
