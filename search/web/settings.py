"""The settings of the server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Writable:
    """What `--writable` lets the pages change.

    Args:
        faces: the user's folder of faces by person.
        pipeline: the pipeline file with which the collection is mined.
        model: directory of its face model; neither it nor its corrections need exist.
        allow_plugins: whether the pipeline file may name code from outside.
    """

    faces: Path
    pipeline: Path
    model: Path
    allow_plugins: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the collection is and who may see it.

    Args:
        output_root: OUTPUT, absolute.
        index: the index's file.
        thumbnails: the folder of the thumbnail cache.
        host: the address to listen on.
        port: the port to listen on.
        token: the secret that a browser must present; None if only this machine can connect.
        writable: what the pages may change; None: nothing.
        views: folder of the cache for what pages show of faces.
    """

    output_root: Path
    index: Path
    thumbnails: Path
    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    writable: Writable | None = None
    views: Path | None = None

    @property
    def url(self) -> str:
        """The address to type into a browser of this machine, with the token if there is one."""
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        host = f"[{here}]" if ":" in here else here
        return f"http://{host}:{self.port}/" + (f"?token={self.token}" if self.token else "")
