"""PostgreSQL and Temporal from their wheels: real servers that start with a command and end with it."""

from workers.embedded.postgres import PostgreSQL, erase, left, postgres
from workers.embedded.temporal import Temporal, temporal
from workers.embedded.time_skipping import TimeSkipping, pass_until, time_skipping

__all__ = [
    "PostgreSQL",
    "Temporal",
    "TimeSkipping",
    "erase",
    "left",
    "pass_until",
    "postgres",
    "temporal",
    "time_skipping",
]
