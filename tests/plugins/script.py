"""No module to import: it ends the program that does."""

from __future__ import annotations

raise SystemExit("this module is a script")
