"""So many in any second, as a provider counts them."""

import asyncio
import time

from workers.channels.rate import Rate

A_SECOND, AT_ONCE = 200, 20


async def test_who_is_late_does_not_let_more_go_in_a_second() -> None:
    """What did not leave in time, its process being busy, is not made up for all at once."""
    rate, times = Rate(A_SECOND), list[float]()

    async def leave() -> None:
        await rate.turn(AT_ONCE)
        times.append(time.monotonic())
        while len(times) == 3 and time.monotonic() < times[-1] + 0.4:
            pass  # the loop is busy with something else

    await asyncio.gather(*(leave() for _ in range(16)))
    assert max(sum(at <= other < at + 1 for other in times) for at in times) * AT_ONCE <= A_SECOND
