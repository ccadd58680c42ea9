"""The level of log lines that a person at a terminal wants to see too, though nothing is wrong."""

from __future__ import annotations

import logging

NOTICE = logging.INFO + 5
"""Above the news that a bar makes superfluous, below a warning."""

logging.addLevelName(NOTICE, "NOTICE")
