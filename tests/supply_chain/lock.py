"""The lock files: which versions and hashes they pin, and for whom."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCAL = ROOT / "requirements" / "local.txt"
DEV = ROOT / "requirements" / "dev.txt"

_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+?))? ?\\?$")


@dataclass(frozen=True)
class Pin:
    """One locked package: `direct` says that the project itself asks for it."""

    name: str
    version: str
    marker: str | None
    hashes: frozenset[str]
    direct: bool

    @property
    def requirement(self) -> str:
        """The pin as a requirement, without its hashes."""
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


def pins(path: Path) -> list[Pin]:
    """Return what a lock file pins, in its order."""
    blocks: list[list[str]] = []
    for line in path.read_text().splitlines():
        if line[:1].isalnum():
            blocks.append([line])
        elif blocks:
            blocks[-1].append(line.strip())
    return [_pin(block) for block in blocks]


def _pin(block: list[str]) -> Pin:
    found = _PIN.match(block[0])
    assert found is not None, f"not a pin: {block[0]}"
    hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", "\n".join(block)))
    direct = any("reprise (pyproject.toml" in line for line in block)
    return Pin(found["name"], found["version"], found["marker"], hashes, direct)
