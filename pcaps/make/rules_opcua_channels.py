"""OPC UA for the rules: secure channels, well and badly opened.

OPC 10000-4, 7.39 (status codes); OPC 10000-6, 6.7.2 (chunks, opening); OPC 10000-7 (security policies and their end).
"""

from __future__ import annotations

import struct

from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary

from pcaps.make.opcua import ACKNOWLEDGE, HELLO, PORT, message
from pcaps.make.rules_opcua import CHANNEL, NOW, TOKEN, Session, _operator, _read
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

POLICIES = "http://opcfoundation.org/UA/SecurityPolicy#"
BAD_SECURITY = 0x80130000  # BadSecurityChecksFailed
UNTRUSTED = 0x801A0000  # BadCertificateUntrusted


def _sealed(talk: Talk, policy: str, *, answered: bool = True) -> None:
    """The opening of a channel under a policy, whose content nobody can read, and two sealed messages."""
    name = (POLICIES + policy).encode()
    head = struct.pack("<Ii", CHANNEL, len(name)) + name + struct.pack("<i", 4) + b"cert" + struct.pack("<i", 20)
    talk.ask(HELLO)
    talk.answer(ACKNOWLEDGE)
    talk.ask(message(b"OPN", head + bytes(20) + bytes(range(256))))
    if answered:
        talk.answer(message(b"OPN", head + bytes(20) + bytes(range(256))))
        talk.ask(message(b"MSG", struct.pack("<II", CHANNEL, TOKEN) + bytes(range(192))))
        talk.answer(message(b"MSG", struct.pack("<II", CHANNEL, TOKEN) + bytes(range(160))))


def _channel(policy: str) -> list[Frame]:
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    _sealed(talk, policy)
    talk.end()
    return frames


def secured() -> list[Frame]:
    """A channel as it should be."""
    return _channel("Basic256Sha256")


def old_policy() -> list[Frame]:
    """A channel under a policy that Part 7 took back for its SHA-1."""
    return _channel("Basic128Rsa15")


def certificates_refused() -> list[Frame]:
    """Six openings, each refused for its certificate."""
    frames: list[Frame] = []
    for number in range(6):
        talk = Talk(frames, PORT, 40001 + number)
        _sealed(talk, "Basic256Sha256", answered=False)
        talk.answer(message(b"ERR", struct.pack("<Ii", UNTRUSTED if number % 2 else BAD_SECURITY, -1)))
        talk.end()
    return frames


def opening_in_clear() -> list[Frame]:
    """A policy is named, and the opening is not encrypted for it; then a message of another channel."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(HELLO)
    talk.answer(ACKNOWLEDGE)
    name = (POLICIES + "Basic256Sha256").encode()
    request = ua.OpenSecureChannelRequest()
    request.RequestHeader.Timestamp = NOW
    request.Parameters.SecurityMode = ua.MessageSecurityMode.Sign
    head = struct.pack("<Ii", CHANNEL, len(name)) + name + struct.pack("<i", 4) + b"cert" + struct.pack("<i", 20)
    talk.ask(message(b"OPN", head + bytes(20) + struct.pack("<II", 1, 1) + struct_to_binary(request)))
    talk.end()
    return frames


def foreign_channel() -> list[Frame]:
    """Into a session comes a message that bears the number of another channel."""
    frames: list[Frame] = []
    session = Session(frames)
    session.log_in(_operator())
    _read(session)
    request = ua.ReadRequest()
    request.RequestHeader.Timestamp = NOW
    head = struct.pack("<IIII", CHANNEL + 92, TOKEN, 4711, 4711)
    session.talk.ask(message(b"MSG", head + struct_to_binary(request)))
    session.end()
    return frames


def messages_aborted() -> list[Frame]:
    """Twelve messages are begun and taken back."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(HELLO)
    talk.answer(ACKNOWLEDGE)
    for number in range(1, 25, 2):
        begun = struct.pack("<IIII", CHANNEL, TOKEN, number, number) + b"\x01\x00\x77\x02"
        talk.ask(message(b"MSG", begun, chunk=b"C"))
        taken_back = struct.pack("<IIIIIi", CHANNEL, TOKEN, number + 1, number, 0x80010000, -1)
        talk.ask(message(b"MSG", taken_back, chunk=b"A"))
    talk.end()
    return frames


ROWS = (
    ("opcua/secured", ("opcua",), True, "a sealed channel", secured),
    ("opcua/old_policy", ("opcua",), True, "a channel under Basic128Rsa15", old_policy),
    (
        "opcua/certificates_refused",
        ("opcua",),
        True,
        "six openings refused for their certificates",
        certificates_refused,
    ),
    ("opcua/opening_in_clear", ("opcua",), False, "a policy is named and not used", opening_in_clear),
    ("opcua/foreign_channel", ("opcua",), False, "a message with the number of another channel", foreign_channel),
    ("opcua/messages_aborted", ("opcua",), False, "twelve messages begun and taken back", messages_aborted),
)
