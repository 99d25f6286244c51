"""What somebody who waits for figures sees: on stderr, and not so often that it shows in what is measured."""

from collections.abc import Iterator

from rich.console import Console
from rich.progress import Progress

console = Console(stderr=True, highlight=False)


def shown(times: int, label: str) -> Iterator[int]:
    """Count so many times, and show how far it is; nothing is shown without a label."""
    columns = Progress.get_default_columns()
    with Progress(*columns, console=console, refresh_per_second=1, transient=True, disable=not label) as bar:
        yield from bar.track(range(times), description=label)
