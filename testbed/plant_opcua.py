"""OPC UA stations of the plant, on asyncua: a gateway with users and a method, and two stations logged in by name.

`python -m testbed.plant_opcua server|scada|historian --address 10.77.1.31 …`, run inside a host's namespace. The policy
is None, as on most shop floors: names, values and passwords are readable on the wire.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import math
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.methods import uamethod
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager

from testbed.processes import say_ready, settle_in
from testbed.rhythm import cycle, every

PORT = 4840
NAMESPACE = "urn:otus:range:plant"
PASSWORDS = {"operator": "range-operator", "historian": "range-historian"}  # of the fenced plant, and of nothing else
VARIABLES = ("Pressure", "Temperature", "Flow", "Level")
SETPOINTS = (40, 42, 44, 42)
METHOD = "ResetTrip"
BOILER = ua.NodeId(ua.String("Boiler1"), ua.Int16(2))  # 2: the first namespace a server registers for itself
log = logging.getLogger("plant_opcua")


class Users(UserManager):
    """Known names need their password; nobody at all is let in too: the misconfiguration an attacker finds."""

    def get_user(
        self, iserver: Any, username: str | None = None, password: str | None = None, certificate: Any = None
    ) -> User | None:
        if username is None:
            return User(role=UserRole.User, name="anonymous")
        if PASSWORDS.get(username) == password:
            return User(role=UserRole.User, name=username)
        log.warning("refused login of %r", username)
        return None


@uamethod
def reset_trip(parent: ua.NodeId, reason: int) -> int:
    """Reset the protection trip of the boiler; returns how many trips were pending."""
    log.info("trip reset, reason %d", reason)
    return 1


def url(address: str) -> str:
    return f"opc.tcp://{address}:{PORT}/plant"


def node_id(name: str) -> ua.NodeId:
    return ua.NodeId(ua.String(f"Boiler1.{name}"), ua.Int16(2))


async def serve(address: str, ready: Path | None) -> None:
    server = Server(user_manager=Users())
    await server.init()
    server.set_endpoint(url(address))
    server.set_server_name("Boiler house gateway")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    await server.register_namespace(NAMESPACE)
    boiler = await server.nodes.objects.add_object(BOILER, "Boiler1")
    values = [await boiler.add_variable(node_id(name), name, 20.0 + n) for n, name in enumerate(VARIABLES)]
    setpoint = await boiler.add_variable(node_id("SetPoint"), "SetPoint", 42.0)
    await setpoint.set_writable()
    await boiler.add_method(node_id(METHOD), METHOD, reset_trip, [ua.VariantType.Int64], [ua.VariantType.Int64])

    async def process(beat: int) -> None:
        for n, value in enumerate(values):
            await value.write_value(20.0 + n + math.sin(beat / 5 + n))

    async with server:
        say_ready(ready)
        await every(0.5, process)


async def connect(address: str, user: str | None) -> Client:
    """A session: by name with its password, or anonymous."""
    client = Client(url(address), timeout=4, watchdog_intervall=3600)  # no reads of its own between our beats
    client.name = client.description = f"Otus range {user or 'client'}"
    if user is not None:
        client.set_user(user)
        client.set_password(PASSWORDS[user])
    await client.connect()
    return client


async def poll_as_scada(address: str, ready: Path | None) -> None:
    client = await connect(address, "operator")
    nodes = [client.get_node(node_id(name)) for name in VARIABLES]
    setpoint = client.get_node(node_id("SetPoint"))

    async def measured(beat: int) -> None:
        await client.read_values(nodes)

    async def write(beat: int) -> None:
        await setpoint.write_value(float(cycle(SETPOINTS, beat)))

    say_ready(ready)
    await asyncio.gather(every(1.0, measured), every(4.0, write))


class Archive:
    """Takes what a subscription reports."""

    def __init__(self) -> None:
        self.received = 0

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        self.received += 1


async def follow_as_historian(address: str, ready: Path | None) -> None:
    client = await connect(address, "historian")
    subscription = await client.create_subscription(1000, Archive())
    await subscription.subscribe_data_change([client.get_node(node_id(name)) for name in VARIABLES[:2]])
    say_ready(ready)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=["server", "scada", "historian"])
    parser.add_argument("--address", required=True)
    parser.add_argument("--ready", type=Path)
    wanted = parser.parse_args()
    settle_in()
    logging.getLogger("asyncua").setLevel(logging.WARNING)
    if wanted.role == "server":
        asyncio.run(serve(wanted.address, wanted.ready))
    elif wanted.role == "scada":
        asyncio.run(poll_as_scada(wanted.address, wanted.ready))
    else:
        asyncio.run(follow_as_historian(wanted.address, wanted.ready))


if __name__ == "__main__":
    main()
