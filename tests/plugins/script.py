"""Ends the program that imports it."""

from __future__ import annotations

raise SystemExit("this module is a script")
