"""For rules about what keeps a network going: names, addresses, time, management."""

from __future__ import annotations

from scapy.layers.dns import DNS, DNSQR

from pcaps.make import dhcp, ntp, snmp
from pcaps.make.datagrams import Exchange
from pcaps.make.talk import SERVER
from testbed.pcapfile import Frame

SECOND_SERVER = ("10.77.2.12", "02:00:5e:77:02:0c")
FIRST = ("amber", "birch", "cedar", "delta", "ember")
SECOND = ("flint", "grove", "hazel", "ivory", "jade", "karst", "linden", "maple")


def _asked(names: list[str], kind: str = "A", code: int = 3) -> list[Frame]:
    frames: list[Frame] = []
    server = Exchange(frames, 53)
    for number, name in enumerate(names):
        question = DNSQR(qname=name, qtype=kind)
        server.ask(bytes(DNS(id=number, rd=1, qd=question)))
        server.answer(bytes(DNS(id=number, qr=1, rd=1, ra=1, rcode=code, qd=question)))
    return frames


def unknown_names() -> list[Frame]:
    """Thirty names that do not exist."""
    return _asked([f"{one}{other}{len(one)}.example" for one in FIRST for other in SECOND[:6]])


def few_unknown_names() -> list[Frame]:
    """One name that does not exist, again and again; and some that do."""
    there = [f"{one}-{other}.plant.example" for one in FIRST for other in SECOND]
    return _asked(["old.plant.example"] * 30) + _shifted(_asked(there, code=0))


def _shifted(frames: list[Frame]) -> list[Frame]:
    return [Frame(frame.ts_ns + 1_000_000_000, frame.data) for frame in frames]


def remote_tool_names() -> list[Frame]:
    """The servers of a program for remote control are looked up."""
    return _asked(["relay-3c1f0d.net.anydesk.com", "client-api.todesk.com"], code=0)


def answers_unasked() -> list[Frame]:
    """One question, and twelve answers of which none is for it."""
    frames: list[Frame] = []
    server = Exchange(frames, 53)
    question = DNSQR(qname="update.plant.example")
    server.ask(bytes(DNS(id=77, rd=1, qd=question)))
    for number in range(100, 112):
        server.answer(bytes(DNS(id=number, qr=1, qd=question)))
    return frames


def _neighbours_asked(name: str) -> list[Frame]:
    frames: list[Frame] = []
    neighbour = Exchange(frames, 5355)
    question = DNSQR(qname=name)
    neighbour.ask(bytes(DNS(id=6, rd=0, qd=question)))
    neighbour.answer(bytes(DNS(id=6, qr=1, rd=0, qd=question)))
    return frames


def proxy_answered() -> list[Frame]:
    """A neighbour says that it is the proxy."""
    return _neighbours_asked("wpad")


def names_answered() -> list[Frame]:
    """A neighbour says who it is."""
    return _neighbours_asked("historian")


def safety_controller() -> list[Frame]:
    """A few bytes on the port of TriStation."""
    frames: list[Frame] = []
    controller = Exchange(frames, 1502)
    controller.ask("05 00 0000 0000")
    controller.answer("06 00 0000 0000")
    return frames


def _offers(*servers: tuple[str, str]) -> list[Frame]:
    frames: list[Frame] = []
    for server in servers:
        number = bytes(int(part) for part in server[0].split("."))
        exchange = Exchange(frames, 67, 68, server=server)
        exchange.ask(dhcp.message(1, dhcp.NONE, "350101 ff"))
        exchange.answer(dhcp.message(2, dhcp.OFFERED, f"350102 3604{number.hex()} 330400000e10 0104ffffff00 ff"))
    return frames


def two_servers() -> list[Frame]:
    """Two stations offer addresses."""
    return _offers(SERVER, SECOND_SERVER)


def one_server() -> list[Frame]:
    """One station offers addresses, twice."""
    return _offers(SERVER, SERVER)


def many_clients() -> list[Frame]:
    """A machine asks for addresses under eighty names."""
    frames: list[Frame] = []
    server = Exchange(frames, 67, 68)
    for number in range(80):
        server.ask(dhcp.message(1, dhcp.NONE, "350101 ff").replace("02005e770265", f"02005e78{number:04x}"))
    return frames


def few_clients() -> list[Frame]:
    """Four devices are switched on."""
    return many_clients()[:4]


def monlist() -> list[Frame]:
    """Who asked the server for the time is asked for."""
    frames: list[Frame] = []
    Exchange(frames, 123).ask("17 00 03 2a 0000 0000")
    return frames


def clock() -> list[Frame]:
    """The time, and how the server is."""
    frames: list[Frame] = []
    server = Exchange(frames, 123, 123)
    server.ask(ntp.QUESTION)
    server.answer(ntp.ANSWER)
    server.ask("16 02 0001 0000 0000 0000 0000")
    return frames


SECRET = "040a 713823 4c7730217a7a4b"  # a community that is on no list


def managed() -> list[Frame]:
    """Reads with a community of its own, and version 3."""
    frames: list[Frame] = []
    agent = Exchange(frames, 161)
    agent.ask(snmp.message(1, SECRET, snmp.pdu("a0", 1, snmp.SYSTEM)))
    agent.ask(snmp.message(1, SECRET, snmp.pdu("a3", 2, snmp.LOCATION)))
    agent.ask(snmp.secure(6, "07", "0404deadbeef"))
    return frames


def changed_by_default() -> list[Frame]:
    """A setting is changed with the community that it was delivered with, and much is asked for at once."""
    frames: list[Frame] = []
    agent = Exchange(frames, 161)
    agent.ask(snmp.message(0, snmp.PRIVATE, snmp.pdu("a3", 3, snmp.LOCATION)))
    agent.ask(
        snmp.message(1, snmp.PUBLIC, snmp.element("a5", "020102 020100 02022710", snmp.element("30", snmp.SYSTEM)))
    )
    return frames


def _trap(what: str) -> str:
    value = f"3017 060a 2b060106030101040100 0609 2b06010603010105{what}"
    return snmp.message(1, SECRET, snmp.pdu("a7", 4, "300e 0608 2b06010201010300 4302 012c", value))


def communities_guessed() -> list[Frame]:
    """A device reports four times that a community was wrong."""
    frames: list[Frame] = []
    for _ in range(4):
        Exchange(frames, 162).ask(_trap("05"))
    return frames


def links_change() -> list[Frame]:
    """A device reports that a line went down and came back; and once that a community was wrong."""
    frames: list[Frame] = []
    for what in ("03", "04", "03", "04", "05"):
        Exchange(frames, 162).ask(_trap(what))
    return frames


def managed_sealed() -> list[Frame]:
    """Version 3, encrypted."""
    frames: list[Frame] = []
    Exchange(frames, 161).ask(snmp.secure(6, "07", "0404deadbeef"))
    return frames
