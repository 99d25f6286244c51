"""Dispatch: telling people what is due. `dispatcher` goes round, `composing` makes messages, `acting` asks cases."""

from workers.dispatch.dispatcher import Dispatcher

__all__ = ["Dispatcher"]
