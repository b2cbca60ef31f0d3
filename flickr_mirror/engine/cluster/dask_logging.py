"""Keeps the log lines of Dask off the terminal."""

from __future__ import annotations


def silence_dask() -> None:
    """Let Dask log critical errors only, in a process whose output is this program's. Call it before its first use.

    Failures are reported as errors of this program. Raises `ImportError` if Dask is not installed.
    """
    import dask

    names = ("distributed", "distributed.client", "distributed.worker", "bokeh", "tornado")
    dask.config.set({"logging": dict.fromkeys(names, "critical")})
