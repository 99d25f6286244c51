"""Become a server that dies with the program that started it: `python launch.py PARENT USER COMMAND...`.

Runs as a script, before the server, in the very process that will be the server. Code between fork and exec
(`preexec_fn`) is not safe in a program with threads, and Temporal's client has many: this is the same, after an exec.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


def launch(parent: int, user: int, command: list[str]) -> None:
    """Drop to `user` (a uid and gid; 0 keeps the present one), tie this process to `parent`, and execute `command`."""
    if user:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    if sys.platform == "linux":  # elsewhere the next start ends what was left behind, see process.py
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)
        if os.getppid() != parent:  # it died before we asked to be told
            sys.exit("the program that started this server is gone")
    os.execv(command[0], command)  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    launch(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
