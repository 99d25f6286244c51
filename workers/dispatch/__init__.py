"""Dispatch: telling people what is due. `dispatcher` goes round, a `batch` is told, `acting` asks cases."""

from workers.dispatch.dispatcher import Dispatcher

__all__ = ["Dispatcher"]
