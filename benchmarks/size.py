"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Size:
    """`levels`: steps at once. `steps`: those of a round. `cases`: for the worklist. `open_cases`: in the worker.

    `reminders`: due at once. `kills`: of the worker, while as many again leave. `rate`: messages a second of a provider
    that has a limit.
    """

    levels: tuple[int, ...] = (1, 10, 50)
    steps: int = 300
    rounds: int = 3
    cases: int = 10_000
    requests: int = 400
    open_cases: int = 10_000
    reminders: int = 100_000
    kills: int = 2
    rate: int = 500


QUICK = Size(levels=(1, 3), steps=6, rounds=1, cases=60, requests=10, open_cases=10, reminders=200, kills=0, rate=100)
"""Enough to see that everything can be measured; the figures say nothing.

Nobody is killed: it takes a minute until somebody else may go on. tests/stories/test_burst.py does.
"""
