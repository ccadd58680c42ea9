"""Ends like a process that the OOM killer kills."""

from __future__ import annotations

import os
import signal

from tests.plugins.misbehaving import Misbehaving


class Dies(Misbehaving):
    """Kills its own process with SIGKILL."""

    def misbehave(self, frame):
        os.kill(os.getpid(), signal.SIGKILL)
