"""The pinned requirements without TensorFlow, and without what only TensorFlow asks for.

python3 lean_requirements.py REQUIREMENTS.txt: a list that `make lock` wrote. A comment under each package
says via which others it came in. Printed with its hashes, for `pip install --require-hashes`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LEFT_OUT = re.compile(r"tensorflow(-cpu)?$")


def lean(requirements: str) -> str:
    """Those entries of a pinned list that are asked for by the project itself, or by another one of them.

    Raises: ValueError: an entry does not say where it came from.
    """
    entries = {
        match[1]: match[0]
        for match in re.finditer(r"^([a-z0-9.-]+)==.*\n(?:[ ].*\n)*", requirements, flags=re.MULTILINE)
    }
    asked_for_by = {
        name: re.findall(r"^ +# +(?:via +)?(\S.*)$", text, flags=re.M) for name, text in entries.items()
    }
    for name, parents in asked_for_by.items():
        if not parents:
            raise ValueError(f"{name}: has no comment that says via what it came in; write the list with uv")
    kept: set[str] = set()
    while True:
        more = {
            name
            for name, parents in asked_for_by.items()
            if not LEFT_OUT.match(name)
            and any(parent.startswith("-r ") or parent in kept for parent in parents)
        }
        if more == kept:
            return "".join(entries[name] for name in sorted(kept))
        kept = more


if __name__ == "__main__":
    print(lean(Path(sys.argv[1]).read_text(encoding="utf-8")), end="")
