"""ARP that a stack refuses to say. RFC 826."""

from __future__ import annotations

from pcaps.make.talk import CLIENT, SERVER, add
from testbed.pcapfile import Frame

EVERYBODY = "ff:ff:ff:ff:ff:ff"


def message(operation: int, sender: tuple[str, str], target: tuple[str, str], lengths: str = "0604") -> bytes:
    """A frame: | MACs, type | hardware, protocol, lengths, operation | sender's MAC, IP | target's |."""
    pairs = (*reversed(sender), *reversed(target))
    addresses = b"".join(mac(part) if ":" in part else bytes(map(int, part.split("."))) for part in pairs)
    kind = bytes.fromhex(f"00010800{lengths}") + operation.to_bytes(2, "big")
    return mac(EVERYBODY) + mac(sender[1]) + b"\x08\x06" + kind + addresses


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


NOWHERE = "00:00:00:00:00:00"


def normal() -> list[Frame]:
    """A question and its answer, a probe, an announcement."""
    frames: list[Frame] = []
    add(frames, message(1, CLIENT, (SERVER[0], NOWHERE)))
    add(frames, message(2, SERVER, CLIENT))
    add(frames, message(1, ("0.0.0.0", CLIENT[1]), (CLIENT[0], NOWHERE)))
    add(frames, message(1, CLIENT, (CLIENT[0], NOWHERE)))
    return frames


def errors() -> list[Frame]:
    """An operation nobody has, group addresses as the sender's own, lengths that do not fit, a frame cut short."""
    frames: list[Frame] = []
    add(frames, message(99, CLIENT, SERVER))
    add(frames, message(2, (CLIENT[0], "03:00:00:00:00:01"), SERVER))
    add(frames, message(2, ("224.0.0.1", CLIENT[1]), SERVER))
    add(frames, message(1, CLIENT, SERVER, lengths="0810"))
    add(frames, message(1, CLIENT, SERVER)[:30])
    return frames
