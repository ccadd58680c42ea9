"""Dies as at the hands of the kernel when memory runs out."""

from __future__ import annotations

import os
import signal

from tests.plugins.cursed import Cursed


class Dies(Cursed):
    """Kills its own process."""

    def misbehave(self, frame):
        os.kill(os.getpid(), signal.SIGKILL)
