"""Log lines of a kind of their own: news that a person at a terminal wants too; what is told once a run."""

from __future__ import annotations

import logging

NOTICE = logging.INFO + 5
"""Above the news that a bar makes superfluous, below a warning."""

ONCE_A_RUN = {"once_a_run": True}
"""`extra` of a line that says the same whichever worker process it comes from: the first one's is enough."""

logging.addLevelName(NOTICE, "NOTICE")
