"""Becomes the given command, and dies with the process that asked for it, whatever ends that.

Used as `python -I leash.py PARENT COMMAND…`; `processes` starts every server through it.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent, then run the command in its place."""
    parent, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == int(parent):  # else it has ended before we were tied to it
        os.execv(command[0], command)


if __name__ == "__main__":
    main()
