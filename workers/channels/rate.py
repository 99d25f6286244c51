"""So many messages a second, and no more."""

import asyncio


class Rate:
    """Turns, evenly spaced: all who share a rate together take no more than `per_second`. 0 is no limit."""

    def __init__(self, per_second: float, /) -> None:
        self.per_second = per_second
        self._next = 0.0

    async def turn(self, messages: int = 1) -> None:
        """Wait until so many messages may leave at once; whoever asked first goes first."""
        if not self.per_second:
            return
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next)
        self._next = mine + messages / self.per_second
        await asyncio.sleep(mine - now)
