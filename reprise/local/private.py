"""Files and directories that only their owner can read: databases, logs and secrets of the embedded default."""

import os
import re
import stat
from pathlib import Path

from reprise.local.errors import LocalError

UMASK = 0o077
"""What child processes are started with: whatever they make is for its owner alone."""

_OTHERS = 0o077
_OURS = re.compile(r"(?:lock|logs|running\.json|secrets\.json|(?:temporal|stripe)\.db(?:-wal|-shm|-journal)?|.*\.tmp)")
"""What Reprise itself puts into a data directory."""


def make_private(data: Path) -> None:
    """Make the data directory, or see that it is one of ours that only its owner can look into.

    One that others can read, made by hand or by an older release, is tightened, with what is in it; one that holds
    other things as well is not ours to close.

    Raises:
        LocalError: It cannot be used.
    """
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = data.stat()
        if found.st_uid != os.geteuid():
            raise LocalError(
                f"The data directory {data} belongs to another user, who could read and change what is kept in it:"
                " choose another with --data."
            )
        if found.st_mode & _OTHERS:
            _close(data, found)
    except (FileExistsError, NotADirectoryError) as error:
        raise LocalError(f"{data} is no directory: move it away, or choose another with --data.") from error
    except OSError as error:
        raise LocalError(f"The data directory {data} cannot be used: {error.strerror}.") from error


def _close(data: Path, found: os.stat_result) -> None:
    inside = sorted(each.name for each in data.iterdir())
    others = [name for name in inside if not _OURS.fullmatch(name)]
    if others:
        raise LocalError(
            f"The data directory {data} can be read by other users (mode {stat.S_IMODE(found.st_mode):o}), and holds"
            f" what is not Reprise's ({others[0][:60]!r}): choose another with --data, or close it: chmod 700 {data}"
        )
    data.chmod(0o700)
    logs = data / "logs"
    for each in (*data.iterdir(), *(logs.iterdir() if logs.is_dir() and not logs.is_symlink() else ())):
        mode = each.lstat().st_mode
        if (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and mode & _OTHERS:
            each.chmod(stat.S_IMODE(mode) & ~_OTHERS)


def open_private(path: Path, flags: int) -> int:
    """Open a file, and make it, where `flags` say so, for its owner alone; return its descriptor."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all.

    Raises:
        LocalError: It cannot be written.
    """
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        with os.fdopen(open_private(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w") as file:
            file.write(text)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise LocalError(f"{path} cannot be written: {error.strerror}.") from error
