"""The API as one ASGI application.

/graphql    GraphQL, for whoever has a token
/receipts   where a gateway tells what became of messages, if it has a secret to sign with
/health     200 while this process answers
/ready      200 while PostgreSQL answers and has its tables, 503 otherwise; says of Temporal too, without which reading
            goes on
"""

import asyncio
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.context import Services
from api.execution import Schema
from api.http import GraphQLEndpoint, refusal
from api.receipts import ReceiptsEndpoint
from domain.refusals import Refusal, Refused
from store import tables as t

READY_WITHIN_SECONDS = 2.0
"""How long PostgreSQL may take to say that it is there."""


def application(
    services: Services,
    *,
    schema: Schema,
    cors_origins: Collection[str] = (),
    receipts: ReceiptsEndpoint | None = None,
) -> Starlette:
    """Return the API; pages of `cors_origins` may call it from a browser, `*` for those of any origin.

    Without `receipts` there is no such address.
    """

    async def ready(_: Request) -> Response:
        postgresql = await _answers(services)
        answer = {"postgresql": postgresql, "temporal": services.engine.available}
        return JSONResponse(answer, 200 if postgresql else 503)

    # No cookies: a page of another origin can do nothing but what its own token allows.
    cors = Middleware(
        CORSMiddleware, allow_origins=cors_origins, allow_methods=["GET", "POST"], allow_headers=["Authorization"]
    )
    return Starlette(
        routes=[
            Route("/graphql", GraphQLEndpoint(schema, services)),
            *([Route("/receipts", receipts)] if receipts else []),
            Route("/health", _health),
            Route("/ready", ready),
        ],
        middleware=[cors] if cors_origins else [],
        exception_handlers={HTTPException: _nothing_here},
    )


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _nothing_here(request: Request, _: Exception) -> Response:
    return refusal(request, Refused(Refusal.NOT_FOUND))


async def _answers(services: Services) -> bool:
    try:
        async with asyncio.timeout(READY_WITHIN_SECONDS), services.reading.connect() as connection:
            await connection.execute(select(t.case_file.c.id).limit(0))  # a database that nobody has migrated has none
    except (SQLAlchemyError, OSError):  # TimeoutError is an OSError
        return False
    return True
