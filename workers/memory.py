"""What a long-lived process tells Python's garbage collector once it has started."""

import gc


def settle() -> None:
    """Have the collector leave alone what is there now, schema and classes, and look at the rest less often.

    Every request makes some hundreds of objects and drops them; by default each tenth look also goes through much of
    what stays: a quarter of the CPU of a page of fifty rows.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)
