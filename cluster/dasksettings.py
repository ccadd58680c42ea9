"""How Dask is used here: its settings, and TLS. Imports Dask only when a function is called."""

from __future__ import annotations

import contextlib
import sys
import warnings
from typing import TYPE_CHECKING, Any

from cluster.certificates import CertificateFiles
from pipeline.errors import MinerError
from pipeline.host.command import install_command
from pipeline.host.tuning import collection_paused

if TYPE_CHECKING:
    from distributed import Security

CONNECT_TIMEOUT_S = 10.0
DEAD_CONNECTION_S = 30.0
"""A connection is closed after this long without an acknowledgement."""

SETTINGS: dict[str, Any] = {
    "distributed.comm.timeouts.connect": f"{CONNECT_TIMEOUT_S:.0f}s",
    "distributed.comm.timeouts.tcp": f"{DEAD_CONNECTION_S:.0f}s",
    # A minute without a heartbeat, and the scheduler forgets a machine.
    "distributed.scheduler.worker-ttl": "60s",
    # Nothing of Dask's own memory management, profiling and monitoring is used; each costs CPU all the time.
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "30s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.log-length": 10,
    "distributed.admin.system-monitor.disk": False,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.diagnostics.nvml": False,
    "distributed.client.scheduler-info-interval": "1h",
    "distributed.admin.low-level-log-length": 100,
    "logging": {"distributed": "warning"},
}
"""Of all processes that this program starts; what a user's own configuration of Dask says comes second."""


_NO_PAGES: dict[str, Any] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}
"""Schedulers and workers open a port for HTTP in any case; with this it answers nothing."""


def import_distributed(*, with_pages: bool = False) -> Any:
    """The package `distributed`, with the settings in force.

    Args:
        with_pages: whether the dashboard is asked for.
    Raises: MinerError: it is not installed.
    """
    try:
        import dask.config
    except ImportError:
        raise MinerError(
            f"--cluster needs a package that is not installed; type: {install_command('cluster')}"
        ) from None
    dask.config.set(SETTINGS if with_pages else SETTINGS | _NO_PAGES)
    is_first = "distributed" not in sys.modules
    with collection_paused() if is_first else contextlib.nullcontext():  # 0.28 s of CPU instead of 0.33 s
        import distributed
        from distributed.versions import VersionMismatchWarning

    # It compares numpy too, which the Dask worker does not use; agents compare what matters.
    warnings.filterwarnings("ignore", category=VersionMismatchWarning)
    return distributed


def security_of(files: CertificateFiles | None) -> Security | None:
    """The security settings for one end of a connection; None without encryption, over the loopback."""
    distributed = import_distributed()
    if files is None:
        return None
    pair = {
        f"tls_{role}_{part}": str(path)
        for role in ("client", "scheduler", "worker")
        for part, path in (("cert", files.certificate), ("key", files.key))
    }
    security: Security = distributed.Security(
        tls_ca_file=str(files.authority), require_encryption=True, **pair
    )
    return security
