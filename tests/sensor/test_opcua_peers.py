"""Real peers: asyncua speaks to asyncua over loopback, and the sensor tells what they said.

Each service that the library has, and each security policy it offers, in both modes.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from asyncua import ua as typed_ua
from asyncua.client.client import Client
from asyncua.common.methods import uamethod
from asyncua.crypto import security_policies
from asyncua.crypto.cert_gen import generate_private_key, generate_self_signed_app_certificate
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import UniformResourceIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.recording import Recorder, events

ua: Any = typed_ua
"""its types want their own numbers and texts, and not all of it is exported"""
PORT = 4840
CLIENT_URI, SERVER_URI = "urn:otus:test:client", "urn:otus:test:server"
PASSWORD = "never-to-be-seen"
Event = dict[str, Any]
Result = TypeVar("Result")


class Users(UserManager):
    def get_user(
        self, iserver: Any, username: str | None = None, password: str | None = None, certificate: Any = None
    ) -> User | None:
        allowed = username is None or password == PASSWORD
        return User(role=UserRole.Admin, name=username) if allowed else None


@uamethod
def double(parent: Any, number: int) -> int:
    return 2 * number


class Keys:
    """A certificate and its key, as files, because the library wants files."""

    def __init__(self, folder: Path, name: str, uri: str) -> None:
        key = generate_private_key()
        usage = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        certificate = generate_self_signed_app_certificate(key, name, {}, [UniformResourceIdentifier(uri)], usage)
        self.der = certificate.public_bytes(Encoding.DER)
        self.certificate, self.key = folder / f"{name}.der", folder / f"{name}.pem"
        self.certificate.write_bytes(self.der)
        self.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


class Plant:
    """A server with a variable, a history, a method and an event source."""

    def __init__(self, server: Any, namespace: int, port: int) -> None:
        self.server, self.namespace, self.port = server, namespace, port

    @classmethod
    async def build(cls, keys: Keys) -> Plant:
        server: Any = Server(user_manager=Users())
        await server.init()
        await server.set_application_uri(SERVER_URI)
        server.set_server_name("Boiler house")
        server.set_endpoint("opc.tcp://127.0.0.1:0/plant")
        server.set_security_policy(list(ua.SecurityPolicyType))
        await server.load_certificate(keys.certificate)
        await server.load_private_key(keys.key)
        namespace = await server.register_namespace("urn:otus:test")
        boiler = await server.nodes.objects.add_object(ua.NodeId("Boiler", namespace), f"{namespace}:Boiler")
        level = await boiler.add_variable(ua.NodeId("Level", namespace), f"{namespace}:Level", 12.5)
        await level.set_writable()
        await boiler.add_variable(ua.NodeId("Fixed", namespace), f"{namespace}:Fixed", 7)
        integer = [ua.VariantType.Int64]
        await boiler.add_method(ua.NodeId("Double", namespace), f"{namespace}:Double", double, integer, integer)
        await server.start()
        port = server.bserver._server.sockets[0].getsockname()[1]
        return cls(server, namespace, port)

    def id(self, name: str) -> Any:
        return ua.NodeId(name, self.namespace)


Talk = Callable[[Plant, Any], Awaitable[None]]


class Range:
    """The plant in a loop of its own, for all tests: to build it takes seconds."""

    def __init__(self, keys: Keys) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.plant = self.run(Plant.build(keys))

    def run(self, what: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(120)

    def stop(self) -> None:
        self.run(self.plant.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def record(self, capture: Path, talk: Talk, before: Callable[[Any], Awaitable[None]] | None) -> list[Event]:
        """What the sensor says of one session."""

        async def session() -> None:
            with Recorder(self.plant.port) as recorder:
                client = client_of(recorder.port)
                if before is not None:
                    await before(client)
                async with client:
                    await talk(self.plant, client)
                await asyncio.sleep(0.05)
            recorder.write(capture, PORT)

        self.run(session())
        found = events(capture)
        assert found and all(event["network.protocol"] == "opcua" for event in found)
        assert [event for event in found if "flaws" in event] == []
        assert all(event["server.port"] == PORT for event in found)
        return found


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Keys, Keys]:
    folder = tmp_path_factory.mktemp("keys")
    return Keys(folder, "client", CLIENT_URI), Keys(folder, "server", SERVER_URI)


@pytest.fixture(scope="module")
def peers(keys: tuple[Keys, Keys]) -> Iterator[Range]:
    logging.getLogger("asyncua").setLevel(logging.ERROR)  # old policies are warned of
    peers = Range(keys[1])
    yield peers
    peers.stop()


def client_of(port: int) -> Any:
    client: Any = Client(f"opc.tcp://127.0.0.1:{port}/plant", timeout=5, watchdog_intervall=3600)
    client.application_uri, client.name, client.description = CLIENT_URI, "Test client", "Session of the test"
    return client


async def login(client: Any) -> None:
    client.set_user("operator")
    client.set_password(PASSWORD)


def one(found: list[Event], operation: str, kind: str = "request", **fields: Any) -> Event:
    """The first message of that operation with these fields of OPC UA."""
    wanted = {f"opcua.{name}": value for name, value in fields.items()}
    for event in found:
        named = event["operation.name"] == operation and event["message.kind"] == kind
        if named and all(event.get(name) == value for name, value in wanted.items()):
            return event
    said = [event for event in found if event["operation.name"] == operation]
    raise AssertionError(f"no {kind} of {operation} with {wanted}; there is {said}")


def test_a_session_from_hello_to_close(tmp_path: Path, peers: Range) -> None:
    async def talk(plant: Plant, client: Any) -> None:
        await client.get_node(plant.id("Fixed")).read_value()

    found = peers.record(tmp_path / "opcua.pcap", talk, login)
    assert one(found, "hello")["opcua.endpoint_url"].endswith("/plant")
    assert one(found, "hello", "response")["event.outcome"] == "success"
    opening = one(found, "open_secure_channel", request_type="issue")
    assert (opening["opcua.security_mode"], opening["opcua.security_mode_source"]) == ("none", "told")
    created = one(found, "create_session", application_uri=CLIENT_URI, application_type="client")
    assert created["opcua.session_name"].startswith("Session of the test") and created["opcua.application_name"]
    answer = one(found, "create_session", "response", application_uri=SERVER_URI)
    assert answer["opcua.security_modes"][0] == "none" and "username" in answer["opcua.identity_tokens"]
    one(found, "activate_session", identity_token="username", user_name="operator")
    assert PASSWORD not in str(found) and PASSWORD.encode().hex() not in str(found)
    read = one(found, "read", node_ids=["ns=2;s=Fixed"], attribute_ids=[13])
    reply = one(found, "read", "response", values=[7], result_codes=[0])
    assert reply["request.frame.number"] == read["frame.number"]
    one(found, "close_session", delete_subscriptions=True)
    assert one(found, "close_secure_channel", "unsolicited")


def test_a_wrong_password_and_what_is_not_there(tmp_path: Path, peers: Range) -> None:
    async def talk(plant: Plant, client: Any) -> None:
        with pytest.raises(ua.UaStatusCodeError):
            await client.get_node(plant.id("Nowhere")).read_value()
        with pytest.raises(ua.UaStatusCodeError):
            await client.get_node(plant.id("Fixed")).write_value("eight", ua.VariantType.String)
        other = client_of(client.server_url.port or 0)
        other.set_user("operator")
        other.set_password("wrong")
        with pytest.raises(ua.UaError):
            await other.connect()
        await client.nodes.server.read_attribute(ua.AttributeIds.DisplayName)

    found = peers.record(tmp_path / "opcua.pcap", talk, None)
    nowhere = one(found, "read", "response", status_names=["BadNodeIdUnknown"])
    assert nowhere["event.outcome"] == "failure" and nowhere["opcua.result_codes"] == [0x80340000]
    one(found, "write", node_ids=["ns=2;s=Fixed"], values=["eight"])
    refused = one(found, "write", "response")
    assert refused["event.outcome"] == "failure" and refused["opcua.status_names"]
    rejected = one(found, "activate_session", "response", service="service_fault")
    assert rejected["event.outcome"] == "failure" and rejected["opcua.status_name"].startswith("Bad")
    one(found, "read", node_ids=["i=2253"], attribute_names=["display_name"])
    one(found, "read", "response", values=["Server"])


def test_discovery_and_the_address_space(tmp_path: Path, peers: Range) -> None:
    async def talk(plant: Plant, client: Any) -> None:
        await client.get_endpoints()
        await client.find_servers()
        boiler = client.get_node(plant.id("Boiler"))
        await boiler.get_children()
        await boiler.get_child([f"{plant.namespace}:Level"])
        ids = await client.register_nodes([client.get_node(plant.id("Level"))])
        await client.unregister_nodes(ids)
        await client.nodes.server_state.read_value()
        await client.get_node(ua.ObjectIds.Server_ServerStatus).read_value()
        added = await boiler.add_variable(ua.NodeId("New", plant.namespace), f"{plant.namespace}:New", 3)
        reference = ua.AddReferencesItem(
            SourceNodeId=plant.id("Boiler"), ReferenceTypeId=ua.NodeId(ua.ObjectIds.Organizes),
            IsForward=True, TargetNodeId=added.nodeid, TargetNodeClass=ua.NodeClass.Variable,
        )  # fmt: skip
        await client.uaclient.add_references([reference])
        gone = ua.DeleteReferencesItem(
            SourceNodeId=plant.id("Boiler"), ReferenceTypeId=ua.NodeId(ua.ObjectIds.Organizes),
            IsForward=True, TargetNodeId=added.nodeid, DeleteBidirectional=True,
        )  # fmt: skip
        await client.uaclient.delete_references([gone])
        await client.delete_nodes([added])
        registered = ua.RegisteredServer(
            ServerUri=SERVER_URI, ProductUri="urn:otus", ServerNames=[ua.LocalizedText("Boiler house")],
            ServerType=ua.ApplicationType.Server, DiscoveryUrls=["opc.tcp://plc:4840"], IsOnline=True,
        )  # fmt: skip
        await client.uaclient.register_server(registered)
        await client.uaclient.register_server2(ua.RegisterServer2Parameters(Server=registered))

    found = peers.record(tmp_path / "opcua.pcap", talk, None)
    offered = one(found, "get_endpoints", "response", application_uri=SERVER_URI)
    assert {"none", "sign", "sign_and_encrypt"} == set(offered["opcua.security_modes"])
    assert len(offered["opcua.security_policies"]) == len(offered["opcua.endpoint_urls"]) == 11
    assert offered["opcua.certificate_uri"] == SERVER_URI
    assert SERVER_URI in one(found, "find_servers", "response")["opcua.server_uris"]
    assert one(found, "browse", node_ids=["ns=2;s=Boiler"])["opcua.reference_types"] == ["i=33"]
    browsed = [event for event in found if "ns=2;s=Level" in event.get("opcua.target_ids", [])]
    assert browsed[0]["operation.name"] == "browse" and "2:Double" in browsed[0]["opcua.browse_names"]
    assert set(browsed[0]["opcua.node_classes"]) == {"variable", "method"}
    assert browsed[0]["opcua.reference_counts"] == [3]
    one(found, "translate_browse_paths", browse_names=["2:Level"])
    one(found, "translate_browse_paths", "response", target_ids=["ns=2;s=Level"])
    one(found, "register_nodes", node_ids=["ns=2;s=Level"])
    assert one(found, "register_nodes", "response")["opcua.node_ids"]
    assert one(found, "unregister_nodes", "response")["event.outcome"] == "success"
    status = one(found, "read", "response", server_state="running")
    assert status["opcua.values"] == ["running"] and status["opcua.manufacturer"] and status["opcua.software_version"]
    added = one(found, "add_nodes", browse_names=["2:New"])
    assert (added["opcua.node_ids"], added["opcua.values"]) == (["ns=2;s=New"], [3])
    assert (added["opcua.target_ids"], added["opcua.node_classes"]) == (["ns=2;s=Boiler"], ["variable"])
    one(found, "add_nodes", "response", node_ids=["ns=2;s=New"], result_codes=[0])
    one(found, "add_references", node_ids=["ns=2;s=Boiler"], target_ids=["ns=2;s=New"], reference_types=["i=35"])
    one(found, "delete_references", node_ids=["ns=2;s=Boiler"], target_ids=["ns=2;s=New"])
    assert one(found, "delete_nodes", node_ids=["ns=2;s=New"])["operation.class"] == "program"
    one(found, "register_server", application_uri=SERVER_URI, endpoint_urls=["opc.tcp://plc:4840"])
    one(found, "register_server2", application_name="Boiler house", application_type="server")


def test_writing_calling_and_history(tmp_path: Path, peers: Range) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)

    async def talk(plant: Plant, client: Any) -> None:
        await plant.server.historize_node_data_change(plant.server.get_node(plant.id("Level")), timedelta(days=1))
        level = client.get_node(plant.id("Level"))
        await level.write_value(99.5)
        boiler = client.get_node(plant.id("Boiler"))
        assert await boiler.call_method(plant.id("Double"), 21) == 42
        with pytest.raises(ua.UaStatusCodeError):
            await boiler.call_method(plant.id("Level"), 21)
        await asyncio.sleep(0.3)
        assert 99.5 in [value.Value.Value for value in await level.read_raw_history(begin, None, 10)]
        with pytest.raises(ua.UaError):
            await client.uaclient.history_update(ua.HistoryUpdateParameters())

    found = peers.record(tmp_path / "opcua.pcap", talk, None)
    write = one(found, "write", node_ids=["ns=2;s=Level"], values=[99.5], attribute_ids=[13])
    assert write["operation.class"] == "write"
    one(found, "write", "response", result_codes=[0])
    call = one(found, "call", object_ids=["ns=2;s=Boiler"], method_ids=["ns=2;s=Double"], values=[21])
    assert (call["operation.class"], call["opcua.argument_counts"]) == ("control", [1])
    one(found, "call", "response", values=[42], result_codes=[0])
    failed = next(event for event in found if event["operation.name"] == "call" and event.get("opcua.status_names"))
    assert failed["event.outcome"] == "failure" and failed["message.kind"] == "response"
    asked = one(found, "history_read", history_kinds=["raw"], node_ids=["ns=2;s=Level"])
    assert asked["opcua.start_times"] == ["2026-01-01T00:00:00.0000000Z"]
    history = one(found, "history_read", "response")
    assert 99.5 in history["opcua.values"] and history["opcua.history_counts"] == [len(history["opcua.values"])]
    assert len(history["opcua.times"]) == len(history["opcua.values"])
    assert one(found, "history_update", "response", service="service_fault")["event.outcome"] == "failure"


class Handler:
    def datachange_notification(self, node: Any, value: Any, data: Any) -> None: ...

    def event_notification(self, event: Any) -> None: ...

    def status_change_notification(self, status: Any) -> None: ...


def test_subscriptions(tmp_path: Path, peers: Range) -> None:
    async def talk(plant: Plant, client: Any) -> None:
        source = await plant.server.get_event_generator()
        subscription = await client.create_subscription(100, Handler())
        level = client.get_node(plant.id("Level"))
        item = await subscription.subscribe_data_change(level)
        await subscription.subscribe_events()
        await asyncio.sleep(0.3)
        await plant.server.get_node(plant.id("Level")).write_value(77.25)
        await asyncio.sleep(0.3)
        await source.trigger(message="Pump tripped")
        await asyncio.sleep(0.5)
        await subscription.modify_monitored_item(item, 250, mod_filter_val=0.5)
        await subscription.set_monitoring_mode(ua.MonitoringMode.Disabled)
        await subscription.set_publishing_mode(False)
        number = subscription.subscription_id
        parameters = ua.ModifySubscriptionParameters(
            SubscriptionId=number, RequestedPublishingInterval=200, RequestedLifetimeCount=900,
            RequestedMaxKeepAliveCount=9, MaxNotificationsPerPublish=0, Priority=0,
        )  # fmt: skip
        await client.uaclient.update_subscription(parameters)
        with contextlib.suppress(ua.UaError):  # asked and answered, which is all that matters here
            await client.uaclient.transfer_subscriptions(ua.TransferSubscriptionsParameters(SubscriptionIds=[number]))
        await subscription.unsubscribe(item)
        await subscription.delete()

    found = peers.record(tmp_path / "opcua.pcap", talk, None)
    created = one(found, "create_subscription", publishing_interval_ms=100.0, publishing_enabled=True)
    number = one(found, "create_subscription", "response")["opcua.subscription_id"]
    assert created["opcua.lifetime_count"] > 0
    item = one(found, "create_monitored_items", node_ids=["ns=2;s=Level"], monitoring_modes=["reporting"])
    made = one(found, "create_monitored_items", "response")["opcua.monitored_item_ids"]
    handles = item["opcua.client_handles"]
    events_item = next(event for event in found if "opcua.event_fields" in event)
    assert {"EventType", "Message", "Severity"} <= set(events_item["opcua.event_fields"])
    assert events_item["opcua.attribute_names"] == ["event_notifier"]
    pushed = one(found, "publish", "response", values=[77.25], client_handles=handles)
    assert pushed["opcua.subscription_id"] == number and pushed["opcua.notification_sequence"] > 0
    told = [event for event in found if "Pump tripped" in event.get("opcua.values", [])]
    assert told and told[0]["operation.name"] == "publish" and told[0]["message.kind"] == "response"
    modified = one(found, "modify_monitored_items", monitored_item_ids=made, sampling_intervals_ms=[250.0])
    assert (modified["opcua.deadband_types"], modified["opcua.deadbands"]) == (["absolute"], [0.5])
    assert set(one(found, "set_monitoring_mode", monitoring_modes=["disabled"])["opcua.monitored_item_ids"]) >= set(
        made
    )
    one(found, "set_publishing_mode", publishing_enabled=False, subscription_ids=[number])
    one(found, "modify_subscription", keep_alive_count=9, lifetime_count=900)
    assert one(found, "transfer_subscriptions", subscription_ids=[number])
    one(found, "delete_monitored_items", monitored_item_ids=made)
    one(found, "delete_subscriptions", subscription_ids=[number])
    assert all("event.duration" not in event for event in found if event["operation.name"] == "publish")


POLICIES = [
    (security_policies.SecurityPolicyBasic128Rsa15, "Basic128Rsa15"),
    (security_policies.SecurityPolicyBasic256, "Basic256"),
    (security_policies.SecurityPolicyBasic256Sha256, "Basic256Sha256"),
    (security_policies.SecurityPolicyAes128Sha256RsaOaep, "Aes128Sha256RsaOaep"),
    (security_policies.SecurityPolicyAes256Sha256RsaPss, "Aes256Sha256RsaPss"),
]


@pytest.mark.parametrize(
    "mode", [ua.MessageSecurityMode.Sign, ua.MessageSecurityMode.SignAndEncrypt], ids=["sign", "both"]
)
@pytest.mark.parametrize(("policy", "name"), POLICIES, ids=[name for _, name in POLICIES])
def test_a_security_policy(
    tmp_path: Path, peers: Range, keys: tuple[Keys, Keys], policy: Any, name: str, mode: Any
) -> None:
    """A write, renewed keys, a read."""
    own, theirs = keys

    async def protect(client: Any) -> None:
        await login(client)
        files = (str(own.certificate), str(own.key), None, str(theirs.certificate))
        await client.set_security(policy, *files, mode=mode)

    async def talk(plant: Plant, client: Any) -> None:
        level = client.get_node(plant.id("Level"))
        await level.write_value(64.5)
        await client.open_secure_channel(renew=True)
        await level.read_value()

    found = peers.record(tmp_path / "opcua.pcap", talk, protect)
    issue = one(found, "open_secure_channel", security_policy=policy.URI, request_type="issue")
    assert issue["opcua.encrypted"] and issue["opcua.channel_id"] == 0
    assert issue["opcua.certificate_sha256"] == hashlib.sha256(own.der).hexdigest()
    assert issue["opcua.certificate_sha1"] == hashlib.sha1(own.der).hexdigest()
    assert (issue["opcua.certificate_uri"], issue["opcua.certificate_name"]) == (CLIENT_URI, "client")
    assert issue["opcua.receiver_thumbprint"] == hashlib.sha1(theirs.der).hexdigest()
    assert (issue["opcua.security_mode"], issue["opcua.security_mode_source"]) == ("unknown", "unknown")
    opened = one(found, "open_secure_channel", "response", certificate_uri=SERVER_URI)
    renewal = one(found, "open_secure_channel", request_type="renew")
    assert renewal["opcua.channel_id"] == opened["opcua.channel_id"] > 0
    word = "sign" if mode == ua.MessageSecurityMode.Sign else "sign_and_encrypt"
    assert (renewal["opcua.security_mode"], renewal["opcua.security_mode_source"]) == (word, "inferred")
    messages = [event for event in found if event["opcua.message_type"] == "MSG"]
    assert {event["opcua.security_mode"] for event in messages} == {word}
    assert all(event["opcua.channel_id"] == opened["opcua.channel_id"] for event in messages)
    assert len({event["opcua.token_id"] for event in messages}) == 2
    assert sum(event.get("opcua.new_token", False) for event in messages) == 1
    assert PASSWORD not in str(found) and PASSWORD.encode().hex() not in str(found)
    if mode == ua.MessageSecurityMode.SignAndEncrypt:
        assert {event["operation.name"] for event in messages} == {"encrypted"}
        assert all(event["opcua.encrypted"] and event["opcua.message_size"] > 0 for event in messages)
        assert "opcua.values" not in {name for event in found for name in event}
        return
    write = one(found, "write", node_ids=["ns=2;s=Level"], values=[64.5])
    assert write["opcua.sequence_number"] > 1 and "opcua.encrypted" not in write
    one(found, "read", "response", values=[64.5], result_codes=[0])
    session = one(found, "create_session", application_uri=CLIENT_URI)
    assert session["opcua.certificate_sha1"] == hashlib.sha1(own.der).hexdigest()
    answer = one(found, "create_session", "response", certificate_uri=SERVER_URI)
    assert "sign" in answer["opcua.security_modes"]
    one(found, "activate_session", user_name="operator", password_encrypted=True)
