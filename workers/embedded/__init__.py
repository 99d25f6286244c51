"""PostgreSQL and Temporal from their wheels: real servers that start with a command and end with it."""

from workers.embedded.postgres import PostgreSQL, erase, left, postgres
from workers.embedded.temporal import Temporal, temporal

__all__ = ["PostgreSQL", "Temporal", "erase", "left", "postgres", "temporal"]
