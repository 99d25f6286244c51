import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

import httpx
import pytest
from starlette.applications import Starlette

from api.app import application
from api.http import HEARD_OUT_BYTES, MAX_BODY_BYTES
from tests.api.small import BEGUN, END, SCHEMA, bearer, client, served, services
from workers.embedded import PostgreSQL
from workers.embedded.process import free_port
from workers.errors import PortTaken
from workers.server import serve

HOST = "127.0.0.1"


@asynccontextmanager
async def _listening(app: Starlette) -> AsyncIterator[tuple[int, asyncio.Task[None]]]:
    """The app on a real server: its port, and the task that serves it."""
    port = free_port()
    serving = asyncio.create_task(serve(app, host=HOST, port=port))
    await asyncio.sleep(0)  # now it listens
    try:
        yield port, serving
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def test_health_says_that_the_process_answers_and_asks_for_no_token() -> None:
    async with client(await served(), Authorization="") as asking:
        answer = await asking.get("/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_it_is_ready_while_postgresql_answers(database: str) -> None:
    shared = await services(database_url=database)
    shared.engine.available = True
    async with client(application(shared, schema=SCHEMA)) as asking:
        answer = await asking.get("/ready")
    await shared.database.dispose()

    assert (answer.status_code, answer.json()) == (200, {"postgresql": True, "temporal": True})


async def test_without_temporal_it_is_ready_to_read(database: str) -> None:
    shared = await services(database_url=database)
    async with client(application(shared, schema=SCHEMA)) as asking:
        answer = await asking.get("/ready")
    await shared.database.dispose()

    assert (answer.status_code, answer.json()) == (200, {"postgresql": True, "temporal": False})


async def test_it_is_not_ready_on_a_database_that_was_not_migrated(postgres_server: PostgreSQL) -> None:
    shared = await services(database_url=await postgres_server.create("nothing_in_it"))
    async with client(application(shared, schema=SCHEMA)) as asking:
        answer = await asking.get("/ready")
    await shared.database.dispose()

    assert (answer.status_code, answer.json()["postgresql"]) == (503, False)


async def test_it_is_not_ready_without_postgresql() -> None:
    async with client(await served()) as asking:
        answer = await asking.get("/ready")

    assert (answer.status_code, answer.json()["postgresql"]) == (503, False)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/graphql/x"), ("POST", "/health"), ("GET", "/%00")]
)
async def test_what_is_not_there_is_said_as_any_other_error(method: str, path: str) -> None:
    async with client(await served()) as asking:
        answer = await asking.request(method, path)

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_a_browser_that_opens_the_address_reads_how_to_ask() -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    async with client(await served(), Accept=browser, Authorization="") as asking:
        answer = await asking.get("/graphql", headers={"Host": "<b>.example.org"})

    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "pratica token" in answer.text
    assert "<b>" not in answer.text
    assert "<script" not in answer.text


async def test_no_page_of_another_origin_may_ask_unless_it_is_named() -> None:
    asked = {"Origin": "https://front.example.org", "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "authorization, content-type"
    named = application(await services(), schema=SCHEMA, cors_origins=["https://front.example.org"])

    async with client(await served()) as closed, client(named) as opened:
        refused = await closed.options("/graphql", headers=asked)
        allowed = await opened.options("/graphql", headers=asked)
        answer = await opened.post("/graphql", json={"query": "{ name }"}, headers={"Origin": asked["Origin"]})
        other = await opened.options("/graphql", headers=asked | {"Origin": "https://evil.example.org"})

    assert "Access-Control-Allow-Origin" not in refused.headers
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, asked["Origin"])
    assert answer.headers["Access-Control-Allow-Origin"] == asked["Origin"]
    assert "Access-Control-Allow-Origin" not in other.headers


# On a real server.


async def test_answers_leave_at_once() -> None:
    async with _listening(await served()) as (port, _), httpx.AsyncClient() as asking:
        answers = [await asking.get(f"http://{HOST}:{port}/health") for _ in range(50)]

    took = median(answer.elapsed.total_seconds() for answer in answers)
    assert took < 0.035, "held back for 40 ms: is TCP_NODELAY off?"


async def test_two_gigabytes_are_cut_short() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 2**31:
            sent += 2**16
            yield b" " * 2**16

    headers = {"Authorization": bearer(), "Content-Type": "application/json"}
    async with _listening(await served()) as (port, _), httpx.AsyncClient() as asking:
        address = f"http://{HOST}:{port}/graphql"
        try:
            answer = await asking.post(address, content=endless(), headers=headers)
        except httpx.TransportError:
            pass  # closed while we still wrote: what was said may be lost
        else:
            assert answer.status_code == 413
            assert answer.json()["errors"][0]["extensions"]["code"] == "REQUEST_TOO_LARGE"
        again = await asking.post(address, json={"query": "{ name }"}, headers=headers)

    assert sent < 4 * HEARD_OUT_BYTES
    assert again.json() == {"data": {"name": "leaf"}}


async def test_a_client_that_sends_too_much_hears_why() -> None:
    headers = {"Authorization": bearer(), "Content-Type": "application/json"}
    async with _listening(await served()) as (port, _), httpx.AsyncClient() as asking:
        answer = await asking.post(
            f"http://{HOST}:{port}/graphql", content=b" " * (4 * MAX_BODY_BYTES), headers=headers
        )

    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"]["code"] == "REQUEST_TOO_LARGE"


async def test_a_client_that_leaves_in_the_middle_disturbs_nobody() -> None:
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer()}\r\nContent-Type: application/json\r\n"
        "Content-Length: 100\r\n\r\n{"
    )
    async with _listening(await served()) as (port, _):
        _, writer = await asyncio.open_connection(HOST, port)
        writer.write(head.encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        async with httpx.AsyncClient() as asking:
            assert (await asking.get(f"http://{HOST}:{port}/health")).status_code == 200
    gc.collect()


async def test_when_it_is_stopped_requests_under_way_are_answered_and_no_more_are_taken() -> None:
    headers = {"Authorization": bearer()}
    async with _listening(await served()) as (port, serving), httpx.AsyncClient() as asking:
        address = f"http://{HOST}:{port}/graphql"
        under_way = asyncio.create_task(asking.post(address, json={"query": "{ slow }"}, headers=headers))
        await BEGUN.wait()

        serving.cancel()
        await asyncio.sleep(0)
        END.set()
        answer = await under_way
        await asyncio.wait([serving])
        with pytest.raises(httpx.ConnectError):
            await asking.post(address, json={"query": "{ name }"}, headers=headers)

    assert answer.json() == {"data": {"slow": "done"}}
    assert serving.cancelled()


async def test_a_taken_port_is_named_with_its_setting() -> None:
    async with _listening(await served()) as (port, _):
        with pytest.raises(PortTaken, match=f"Port {port} .* PRATICA_PORT"):
            await serve(await served(), host=HOST, port=port)
