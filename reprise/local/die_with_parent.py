"""Becomes the program it is given, which then ends whenever the process that started it does.

Run as a script, with nothing but the standard library: `die_with_parent.py PARENT COMMAND…`. The kernel kills the
program when its parent is gone, also when that was killed with SIGKILL and could stop nothing (Linux; elsewhere it
changes nothing).
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, see that the parent has not ended meanwhile, and become the program."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
