"""NTP and its management messages. RFC 5905 7.3, RFC 9327."""

from __future__ import annotations

from pcaps.make.datagrams import Exchange
from testbed.pcapfile import Frame

# Seconds since 1900 at the captures' beginning, and half a second.
NOW = "ed00a680 80000000"
ZERO = "0000000000000000"
QUESTION = f"23 00 06 ec 00000000 00000000 00000000 {ZERO} {ZERO} {ZERO} {NOW}"
ANSWER = f"24 02 06 e9 00000800 00001000 0a4d0263 {NOW} {NOW} {NOW} {NOW}"


def normal() -> list[Frame]:
    """The time, a refusal, a broadcast, and two questions about the server itself."""
    frames: list[Frame] = []
    clock = Exchange(frames, 123, 123)
    clock.ask(QUESTION)
    clock.answer(ANSWER)
    clock.ask(QUESTION.replace(NOW, "ed00a681 80000000"))
    clock.answer(f"24 00 06 e9 00000000 00000000 52415445 {ZERO} ed00a68180000000 {NOW} {NOW}")
    clock.answer(f"25 01 06 e9 00000000 00000000 47505300 {NOW} {ZERO} {ZERO} {NOW}")
    clock.ask("16 02 0001 0000 0000 0000 0000")
    clock.answer("16 82 0001 0618 0000 0000 0004 763d3400")
    clock.ask("17 00 03 2a 0000 0000")
    clock.answer(f"97 00 03 2a 0002 0048 {'00' * 144}")
    return frames


def errors() -> list[Frame]:
    """One broken message after another between good ones."""
    frames: list[Frame] = []
    clock = Exchange(frames, 123, 123)
    for text in (
        QUESTION,
        QUESTION.replace("23 00", "3b 00", 1),  # version 7
        QUESTION.replace("23 00", "20 00", 1),  # mode 0 of version 4
        QUESTION.replace("23 00", "23 11", 1),  # stratum 17
        "23 00 06 ec",
        f"{QUESTION} 0104 0003 {'00' * 24}",  # an extension of three bytes
        f"{QUESTION} 00",
        "16 17 0001 0000 0000 0000 0000",  # operation 23
        "16 02 0001 0000 0000 0000 00ff",  # data that is not there
        "17 00 03 ff 0000 0000",  # request 255
    ):
        clock.ask(text)
    clock.answer(ANSWER.replace("24 02", "e4 02", 1))  # not synchronised, and tells the time
    return frames
