"""What a long-lived process tells Python's garbage collector once it has started."""

import gc


def settle() -> None:
    """Have the collector leave alone what is there now, schema and classes, and look at the rest less often.

    Every request makes some hundreds of objects and drops them; by default each tenth look also goes through much of
    what stays: a quarter of the CPU of a page of fifty rows. A case that leaves the worker's cache is garbage that only
    a whole look finds: one for every thousand or so cases.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # so that what is left alone does not count: the whole is looked at when it has grown by a quarter
    gc.set_threshold(5_000, 20, 2)
