"""Datagrams frame by frame: fixed addresses, numbers and times, so that the bytes repeat."""

from __future__ import annotations

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from pcaps.make.talk import CLIENT, SERVER, add
from testbed.pcapfile import Frame

Station = tuple[str, str]
"""address, MAC"""
NOBODY: Station = ("0.0.0.0", CLIENT[1])
EVERYBODY: Station = ("255.255.255.255", "ff:ff:ff:ff:ff:ff")


def send(frames: list[Frame], source: Station, destination: Station, layer: Packet, payload: bytes) -> None:
    """One packet of IP, of the version that the addresses have."""
    internet = IPv6 if ":" in source[0] else IP
    packet = Ether(src=source[1], dst=destination[1]) / internet(src=source[0], dst=destination[0]) / layer
    add(frames, bytes(packet / Raw(payload)))


class Exchange:
    """Datagrams of UDP between two stations; everything lands in `frames`."""

    def __init__(
        self,
        frames: list[Frame],
        port: int,
        client_port: int = 40001,
        client: Station = CLIENT,
        server: Station = SERVER,
    ) -> None:
        self.frames = frames
        self._client, self._server = client, server
        self._ports = (client_port, port)

    def ask(self, text: str | bytes) -> None:
        client_port, port = self._ports
        send(self.frames, self._client, self._server, UDP(sport=client_port, dport=port), raw(text))

    def answer(self, text: str | bytes) -> None:
        client_port, port = self._ports
        send(self.frames, self._server, self._client, UDP(sport=port, dport=client_port), raw(text))


def raw(text: str | bytes) -> bytes:
    """Bytes, or the hexadecimal digits of them."""
    return text if isinstance(text, bytes) else bytes.fromhex(text)


def foreign(port: int) -> list[Frame]:
    """A search for media players at a port where nobody plays."""
    frames: list[Frame] = []
    exchange = Exchange(frames, port)
    exchange.ask(
        b'M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nMan: "ssdp:discover"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n'
    )
    exchange.answer(b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:otus\r\n\r\n")
    return frames
