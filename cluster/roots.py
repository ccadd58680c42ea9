"""Values that name files, sent between machines that have the same storage mounted at different places.

Each path in a pickled value that lies below one of the run's folders is replaced by the folder's word and
the rest of the path. The receiver puts its own folders in. No other code needs to know where in a task or a
result paths stand.
"""

from __future__ import annotations

import io
import os
import pickle
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Roots:
    """The folders of a run as one machine sees them, absolute, without a slash at the end; `/` is empty.

    Args:
        input: INPUT, or its folder if it is one file.
        output: OUTPUT.
        pipeline: the folder of the pipeline file.
    """

    input: str
    output: str
    pipeline: str

    @classmethod
    def of(cls, input_root: str, output_root: str, pipeline_root: str) -> Roots:
        """The roots with these folders, absolute."""
        return cls(*(folder.rstrip("/") for folder in (input_root, output_root, pipeline_root)))


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, roots: Roots) -> None:
        super().__init__(stream, protocol=5)
        # The innermost folder first: OUTPUT may lie inside INPUT.
        named = [(field.name, getattr(roots, field.name)) for field in fields(roots)]
        self._named = sorted(named, key=lambda one: -len(one[1]))

    def persistent_id(self, value: Any) -> Any:
        """The word of the folder, the rest of the path, and whether it is a `Path`; None for other values."""
        is_path = isinstance(value, Path)
        if not is_path and type(value) is not str:
            return None
        text = os.fspath(value)
        if not text:
            return None
        for word, root in self._named:
            if text.startswith(root) and text[len(root) : len(root) + 1] in ("", "/"):
                # Bytes, or the rest would be replaced in turn if it looks like a path below a folder.
                return word, text[len(root) :].encode(errors="surrogatepass"), is_path
        return None


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, roots: Roots) -> None:
        super().__init__(stream)
        self._roots = roots

    def persistent_load(self, pid: Any) -> Any:
        """The path below this machine's folder."""
        word, rest, is_path = pid
        text = getattr(self._roots, word) + rest.decode(errors="surrogatepass")
        return Path(text) if is_path else text


def pack(value: Any, roots: Roots) -> bytes:
    """Pickle a value for another machine.

    Args:
        value: picklable; its strings and `Path`s below one of the folders become relative to it.
        roots: this machine's folders.
    """
    stream = io.BytesIO()
    _Pickler(stream, roots).dump(value)
    return stream.getvalue()


def unpack(packed: bytes, roots: Roots) -> Any:
    """Read what another machine packed. Both ends belong to one cluster, whose members trust each other.

    Args:
        packed: by `pack`.
        roots: this machine's folders.
    """
    return _Unpickler(io.BytesIO(packed), roots).load()
