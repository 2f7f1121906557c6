"""What a process holds, as the kernel counts it: memory, file descriptors, threads, open connections."""

import os
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")

WHAT = ("memory", "descriptors", "threads", "connections")


@dataclass(frozen=True)
class Sample:
    """One look at one process; `memory` is resident, in MB."""

    memory: float
    descriptors: int
    threads: int
    connections: int


def sample(pid: int) -> Sample:
    """Look at a process.

    Raises:
        OSError: It is gone.
    """
    process = Path(f"/proc/{pid}")
    resident = int((process / "statm").read_text().split()[1])
    links = [_target(each) for each in (process / "fd").iterdir()]
    return Sample(
        memory=resident * _PAGE / 1e6,
        descriptors=len(links),
        threads=len(list((process / "task").iterdir())),
        connections=sum(link.startswith("socket:") for link in links),
    )


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""  # closed since it was listed
