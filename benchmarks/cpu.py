"""What programs have used of the processors."""

import psutil  # type: ignore[import-untyped]


def seconds(*pids: int) -> float:
    """Return the CPU time, user and system, of these processes and all that they have started."""
    return sum(_with_children(psutil.Process(pid)) for pid in pids)


def _with_children(process: psutil.Process) -> float:
    ended = process.cpu_times()
    used: float = ended.children_user + ended.children_system
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:  # its parent's count has it from now on
            continue
        used += times.user + times.system
    return used


def memory(pid: int) -> int:
    """Return how many bytes of memory a process holds."""
    held: int = psutil.Process(pid).memory_info().rss
    return held
