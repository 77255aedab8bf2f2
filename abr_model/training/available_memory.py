"""Memory that a new training may use: of this machine, or of the container that this process is confined to."""

from __future__ import annotations

from pathlib import Path

import psutil

_CONFINED = (
    # limit, in use, and the name in memory.stat of what is cached and given back when it is needed
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)
"""Files of the Linux control groups, version 2 and 1."""


def available_memory(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that are free, or in use for no more than caches."""
    available = psutil.virtual_memory().available
    for limit, used, cached in _CONFINED:
        try:
            most = int((groups / limit).read_text())  # "max" where there is no limit
            taken = int((groups / used).read_text())
            lines = (groups / used).with_name("memory.stat").read_text().splitlines()
        except (OSError, ValueError):
            continue
        caches = next((int(line.split()[1]) for line in lines if line.startswith(f"{cached} ")), 0)
        available = min(available, max(0, most - taken + caches))
    return available
