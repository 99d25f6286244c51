"""So many messages a second, and no more."""

import asyncio

_SPARE = 1.125
"""Turns are so much further apart than they must be: one that is late falls into the next one's second."""


class Rate:
    """Turns, evenly spaced: all who share a rate together take no more than `per_second`. 0 is no limit."""

    def __init__(self, per_second: float, /) -> None:
        self.per_second = per_second
        self._next = 0.0
        self._queue = asyncio.Lock()

    async def turn(self, messages: int = 1) -> None:
        """Wait until so many messages may leave at once; whoever asked first goes first."""
        if not self.per_second:
            return
        loop = asyncio.get_running_loop()
        async with self._queue:
            await asyncio.sleep(self._next - loop.time())
            # From when it was its turn, not from when it should have been: who is late does not let two go at once.
            self._next = loop.time() + _SPARE * messages / self.per_second
