"""An example of `examples/` as a process of its own, as its reader starts it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running(example: Path, *arguments: str, **environment: str) -> Iterator[str]:
    """Run an example while the block lasts; yield the address that it says first."""
    process = subprocess.Popen(
        [sys.executable, str(example), *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = re.search(r"http://\S+", process.stdout.readline())
        assert said is not None
        yield said[0]
    finally:
        process.terminate()
        process.communicate()
