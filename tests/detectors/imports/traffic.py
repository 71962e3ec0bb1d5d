"""Small conversations, made on the spot."""

from __future__ import annotations

from pcaps.make.datagrams import Exchange
from pcaps.make.modbus import adu
from pcaps.make.s7comm import connected, data, job
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame


def modbus(*requests: str) -> list[Frame]:
    frames: list[Frame] = []
    talk = Talk(frames, 502)
    for number, request in enumerate(requests, 1):
        talk.ask(adu(number, bytes.fromhex(request)))
        talk.answer(adu(number, bytes.fromhex(request)[:5]))
    talk.end()
    return frames


def s7(*functions: str) -> list[Frame]:
    frames: list[Frame] = []
    talk = connected(frames)
    for number, parameters in enumerate(functions, 1):
        talk.ask(data(job(number, bytes.fromhex(parameters))))
    talk.end()
    return frames


def http(*requests: str) -> list[Frame]:
    frames: list[Frame] = []
    talk = Talk(frames, 80)
    for request in requests:
        talk.ask(request.encode())
    talk.end()
    return frames


def dns(*names: str) -> list[Frame]:
    frames: list[Frame] = []
    exchange = Exchange(frames, 53)
    for name in names:
        labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
        exchange.ask(bytes.fromhex("000101000001000000000000") + labels + bytes.fromhex("0000010001"))
    return frames
