"""Controllers: what they hold, how their values look in messages, and how somebody changes them.

A device answers what a *speech* asks: `open` says what comes first on a connection, `pairs` what a poll cycle is,
as columns over many cycles at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from testbed.play.channel import Channel, Pair
from testbed.play.collector import Labels, Times
from testbed.play.columns import Put
from testbed.play.protocols import modbus, opcua, s7
from testbed.play.signals import Signal
from testbed.play.stations import Station


def merged(labels: Sequence[Labels | None]) -> Labels | None:
    """Labels of an answer with several values."""
    told = [one for one in labels if one is not None]
    return np.maximum.reduce(told) if told else None


def _turns(channel: Channel, place: int, pairs: int, count: int) -> NDArray[np.int64]:
    return channel.turn + place + pairs * np.arange(count, dtype=np.int64)


@dataclass(eq=False)
class Device:
    """One controller. `signals` are what it measures, `setpoints` what may be written."""

    station: Station
    signals: list[Signal]
    setpoints: list[Signal]
    rng: np.random.Generator = field(repr=False)
    protocol = ""
    port = 0

    def open(self, channel: Channel, ts_ns: int) -> int:
        """What is said after the handshake; returns when the next question may come."""
        return ts_ns

    def pairs(self, channel: Channel, times: Times) -> list[Pair]:
        """A cycle of questions; `times` are those of the values."""
        raise NotImplementedError

    def write(self, channel: Channel, ts_ns: int, setpoint: Signal, value: float) -> int:
        """Change a set point; returns when it is done."""
        raise NotImplementedError


@dataclass(eq=False)
class ModbusDevice(Device):
    unit: int = 1
    first: int = 0
    """the first input register: measured values"""
    holding: int = 100
    """the first holding register: set points, then counters"""
    coils: int = 0
    scale: float = 10.0
    protocol = "modbus"
    port = modbus.PORT

    def pairs(self, channel: Channel, times: Times) -> list[Pair]:
        measured = [one for one in self.signals if one.kind != "state"]
        states = [one for one in self.signals if one.kind == "state"]
        found = [self._registers(4, self.first, measured, times)]
        if self.setpoints:
            found.append(self._registers(3, self.holding, self.setpoints, times))
        if states:
            found.append(self._bits(1, self.coils, states, times))
        ready = []
        for place, pair in enumerate(found):
            turn = Put(0, ">u2", (_turns(channel, place, len(found), len(times)) & 0xFFFF).astype(np.uint16))
            ready.append(Pair(pair.request, pair.answer, (turn,), (turn, *pair.answer_puts), pair.labels))
        return ready

    def raw(self, signal: Signal, values: NDArray[np.float64]) -> NDArray[np.uint16]:
        """What the signal's register holds: a count runs over its end, a measurement stops there."""
        whole = np.rint(values * self.scale)
        held = whole % 65_536 if signal.kind == "counter" else np.clip(whole, 0, 65_535)
        return held.astype(np.uint16)

    def _registers(self, code: int, at: int, signals: list[Signal], times: Times) -> Pair:
        request = modbus.adu(0, modbus.read(code, at, len(signals)), self.unit)
        answer = modbus.adu(0, modbus.registers(code, [0] * len(signals)), self.unit)
        puts = tuple(Put(9 + 2 * place, ">u2", self.raw(one, one.values(times))) for place, one in enumerate(signals))
        return Pair(request, answer, (), puts, merged([one.labels(times) for one in signals]))

    def _bits(self, code: int, at: int, signals: list[Signal], times: Times) -> Pair:
        packed = np.zeros(len(times), dtype=np.uint8)
        for place, one in enumerate(signals[:8]):
            packed |= (one.values(times) > 0.5).astype(np.uint8) << np.uint8(place)
        request = modbus.adu(0, modbus.read(code, at, len(signals)), self.unit)
        answer = modbus.adu(0, modbus.bits(code, [False] * len(signals)), self.unit)
        return Pair(request, answer, (), (Put(9, "u1", packed),), merged([one.labels(times) for one in signals]))

    def ask(self, channel: Channel, ts_ns: int, request: bytes, answer: bytes, unit: int | None = None) -> int:
        """One question outside the cycle."""
        number = self.unit if unit is None else unit
        turn = channel.turn
        return channel.ask(
            ts_ns,
            modbus.adu(turn, request, number),
            modbus.adu(turn, answer, number),
            int(self.rng.uniform(2e6, 8e6)),
        )

    def write(self, channel: Channel, ts_ns: int, setpoint: Signal, value: float) -> int:
        at = self.holding + self.setpoints.index(setpoint)
        message = modbus.write_register(at, int(self.raw(setpoint, np.array([value]))[0]))
        done = self.ask(channel, ts_ns, message, message)
        setpoint.write(done, value)
        return done


@dataclass(eq=False)
class S7Device(Device):
    block: int = 10
    """data block of the measured values; that of the set points is the next"""
    protocol = "s7comm"
    port = s7.PORT

    def open(self, channel: Channel, ts_ns: int) -> int:
        for request, answer in s7.opening(int(self.rng.integers(1, 60)), 2):
            ts_ns = channel.ask(ts_ns, request, answer)
        channel.turn = 1
        return ts_ns

    def pairs(self, channel: Channel, times: Times) -> list[Pair]:
        groups = [(self.block, self.signals)] + ([(self.block + 1, self.setpoints)] if self.setpoints else [])
        ready = []
        for place, (block, signals) in enumerate(groups):
            request = s7.read(0, [s7.item(block, 0, 4 * len(signals))])
            answer = s7.was_read(0, [bytes(4 * len(signals))])
            turn = Put(11, ">u2", (_turns(channel, place, len(groups), len(times)) & 0xFFFF).astype(np.uint16))
            first = len(answer) - 4 * len(signals)
            puts = [Put(first + 4 * at, ">f4", one.values(times).astype(np.float32)) for at, one in enumerate(signals)]
            labels = merged([one.labels(times) for one in signals])
            ready.append(Pair(request, answer, (turn,), (turn, *puts), labels))
        return ready

    def write(self, channel: Channel, ts_ns: int, setpoint: Signal, value: float) -> int:
        at = 4 * self.setpoints.index(setpoint)
        content = np.array([value], dtype=">f4").tobytes()
        done = channel.ask(ts_ns, *s7.write(channel.turn, self.block + 1, at, content))
        setpoint.write(done, value)
        return done


@dataclass(eq=False)
class OpcuaDevice(Device):
    prefix: str = "Line1"
    protocol = "opcua"
    port = opcua.PORT
    _sessions: dict[int, tuple[int, int]] = field(default_factory=dict, repr=False)
    """by connection: channel, number of the session's token"""

    @property
    def url(self) -> str:
        return f"opc.tcp://{self.station.address}:{self.port}"

    def name(self, signal: Signal) -> bytes:
        return f"{self.prefix}.{signal.name}".encode()

    def session(self, channel: Channel) -> tuple[int, int]:
        if id(channel) not in self._sessions:
            self._sessions[id(channel)] = (int(self.rng.integers(1, 1 << 30)), int(self.rng.integers(1, 1 << 30)))
        return self._sessions[id(channel)]

    def token(self, channel: Channel) -> bytes:
        return bytes([2]) + (1).to_bytes(2, "little") + self.session(channel)[1].to_bytes(4, "little")

    def open(self, channel: Channel, ts_ns: int) -> int:
        return self.login(channel, self.connect(channel, ts_ns), sealed=True)

    def connect(self, channel: Channel, ts_ns: int) -> int:
        """Hello and a secure channel, without a session."""
        channel.turn = 0
        ts_ns = channel.ask(ts_ns, *opcua.hello(self.url))
        return channel.ask(ts_ns, *opcua.open_channel(self.session(channel)[0], ts_ns))

    def call(self, channel: Channel, ts_ns: int, request: Any, response: Any, kind: bytes = b"MSG") -> int:
        """One service; the session's token is put in."""
        ua = opcua.ua()

        channel_id, session = self.session(channel)
        number = channel.turn
        token = ua.NodeId(session, 1) if type(request).__name__ != "CreateSessionRequest" else None
        asked = opcua.message(channel_id, number, opcua.encoded(request, number, ts_ns, token), kind)
        told = opcua.message(channel_id, number, opcua.encoded(response, number, ts_ns), kind)
        return channel.ask(ts_ns, asked, told, int(self.rng.uniform(2e6, 9e6)))

    def login(
        self,
        channel: Channel,
        ts_ns: int,
        user: str | None = "operator",
        password: bytes = b"",
        *,
        sealed: bool = False,
        refused: bool = False,
    ) -> int:
        """CreateSession and ActivateSession. `user` None: anonymous; `sealed`: the password travels encrypted."""
        ua = opcua.ua()

        create, created = ua.CreateSessionRequest(), ua.CreateSessionResponse()
        create.Parameters.SessionName = "client"
        create.Parameters.EndpointUrl = self.url
        create.Parameters.RequestedSessionTimeout = 3_600_000
        created.Parameters.SessionId = ua.NodeId(self.session(channel)[1] + 1, 1)
        created.Parameters.AuthenticationToken = ua.NodeId(self.session(channel)[1], 1)
        created.Parameters.RevisedSessionTimeout = 3_600_000
        ts_ns = self.call(channel, ts_ns, create, created)
        activate, activated = ua.ActivateSessionRequest(), ua.ActivateSessionResponse()
        token: Any = ua.AnonymousIdentityToken(PolicyId="anonymous")
        if user is not None:
            token = ua.UserNameIdentityToken(PolicyId="username", UserName=user)
            token.Password = self.rng.bytes(256) if sealed else password
            token.EncryptionAlgorithm = "http://www.w3.org/2001/04/xmlenc#rsa-oaep" if sealed else None
        activate.Parameters.UserIdentityToken = token
        activate.Parameters.LocaleIds = ["en"]
        if refused:
            activated = ua.ServiceFault()
            activated.ResponseHeader.ServiceResult = ua.StatusCode(ua.StatusCodes.BadUserAccessDenied)
        return self.call(channel, ts_ns, activate, activated)

    def pairs(self, channel: Channel, times: Times) -> list[Pair]:
        channel_id, _ = self.session(channel)
        signals = [*self.signals, *self.setpoints]
        body, time_at, handle_at = opcua.read_request([self.name(one) for one in signals], self.token(channel))
        answer, value_at, times_at = opcua.read_response(len(signals))
        number = _turns(channel, 0, 1, len(times)).astype(np.uint32)
        moments = times // 100 + opcua.EPOCH_NS // 100
        head = opcua.HEAD_BYTES
        both = (Put(16, "<u4", number), Put(20, "<u4", number))
        request_puts = (*both, Put(head + time_at, "<i8", moments), Put(head + handle_at, "<u4", number))
        answer_puts = (
            *both,
            Put(head + 12, "<u4", number),
            *(Put(head + at, "<i8", moments) for at in times_at),
            *(Put(head + at, "<f8", one.values(times)) for at, one in zip(value_at, signals, strict=True)),
        )
        return [
            Pair(
                opcua.message(channel_id, 0, body),
                opcua.message(channel_id, 0, answer),
                request_puts,
                answer_puts,
                merged([one.labels(times) for one in signals]),
            )
        ]

    def write(self, channel: Channel, ts_ns: int, setpoint: Signal, value: float) -> int:
        ua = opcua.ua()

        request, response = ua.WriteRequest(), ua.WriteResponse()
        node = ua.NodeId(self.name(setpoint).decode(), 2)
        told = ua.DataValue(ua.Variant(float(value), ua.VariantType.Double))
        request.Parameters.NodesToWrite = [ua.WriteValue(node, ua.AttributeIds.Value, Value=told)]
        response.Results = [ua.StatusCode(ua.StatusCodes.Good)]
        done = self.call(channel, ts_ns, request, response)
        setpoint.write(done, value)
        return done
