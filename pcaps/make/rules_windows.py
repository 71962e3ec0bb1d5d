"""For rules about SMB and remote desktops: exploits of the first version, remote work, many files, no passwords."""

from __future__ import annotations

import struct

from pcaps.make import rdp, smb, vnc
from pcaps.make.rules_counted import _knock
from pcaps.make.smb import packet
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

OUTSIDE = ("203.9.84.17", "02:00:5e:77:02:fe")
"""Somebody in the internet, behind the router."""
ATSVC = bytes.fromhex("8206f71f510ae830076d740be8cee98b")
SAMR = bytes.fromhex("785734123412cdabef000123456789ac")


def _talk(port: int = smb.PORT, client_port: int = 40001, frames: list[Frame] | None = None) -> Talk:
    return Talk([] if frames is None else frames, port, client_port)


def _transaction2(subcommand: int, data: bytes = b"") -> bytes:
    """[MS-CIFS] 2.2.4.46.1."""
    words = struct.pack(
        "<HHHHBBHIHHHHHBBH", 12, len(data), 1, 0, 0, 0, 0, 0, 0, 12, 66, len(data), 78, 1, 0, subcommand
    )
    return smb.one(0x32, words, bytes(15) + data, 5)


def _nt_transaction(function: int, total: int) -> bytes:
    """[MS-CIFS] 2.2.4.62.1."""
    words = struct.pack("<BHIIIIIIIIBH", 1, 0, 30, total, 30, 0, 30, 75, 976, 104, 1, function) + bytes(2)
    return smb.one(0xA0, words, bytes(1000), 6)


def first_version_attacked() -> list[Frame]:
    """A list too long for its field, and the question of an implant."""
    talk = _talk()
    talk.ask(packet(smb.one_negotiate()))
    talk.answer(packet(smb.one_negotiated()))
    talk.ask(packet(_nt_transaction(0, 66_512)))
    talk.answer(packet(smb.one(0xA0, b"", b"", 6, answer=True)))
    talk.ask(packet(_transaction2(14)))
    talk.answer(packet(smb.one(0x32, b"", b"", 5, 0xC0000002, answer=True)))
    talk.end()
    return talk.frames


def first_version() -> list[Frame]:
    """The first version as old panels speak it: who is there, a directory, a small transaction."""
    talk = _talk()
    talk.ask(packet(smb.one_negotiate()))
    talk.answer(packet(smb.one_negotiated()))
    talk.ask(packet(_transaction2(1)))
    talk.answer(packet(smb.one(0x32, bytes(20), bytes(40), 5, answer=True)))
    talk.ask(packet(_nt_transaction(6, 0)))
    talk.answer(packet(smb.one(0xA0, b"", b"", 6, answer=True)))
    talk.end()
    return talk.frames


def _pipe(talk: Talk, name: str, interface: bytes, identifier: int) -> None:
    talk.ask(packet(smb.create(identifier, name, 6)))
    talk.answer(packet(smb.created(identifier, 6, 0)))
    talk.ask(packet(smb.transceive(identifier + 1, 6, smb.bind(interface))))


def remote_work() -> list[Frame]:
    """A program is put on a share and started as a service, a task is planned, accounts are listed."""
    talk = _talk()
    talk.ask(packet(smb.tree_connect(1, "\\\\10.77.2.11\\ADMIN$")))
    talk.answer(packet(smb.tree_answer(1, 1, 5)))
    talk.ask(packet(smb.create(2, "PSEXESVC.exe", 5, 0x12019F, 5)))
    talk.answer(packet(smb.created(2, 5, 0)))
    talk.ask(packet(smb.write(3, 5, b"MZ\x90\x00" + bytes(300))))
    talk.answer(packet(smb.write_answer(3, 5, 304)))
    talk.ask(packet(smb.tree_connect(4, "\\\\10.77.2.11\\IPC$")))
    talk.answer(packet(smb.tree_answer(4, 2, 6)))
    for place, (name, interface) in enumerate((("svcctl", smb.SVCCTL), ("atsvc", ATSVC), ("samr", SAMR))):
        _pipe(talk, name, interface, 10 + 2 * place)
    talk.end()
    return talk.frames


def guest() -> list[Frame]:
    """A guest is let in."""
    talk = _talk()
    talk.ask(packet(smb.negotiate()))
    talk.answer(packet(smb.negotiated()))
    talk.ask(packet(smb.session(1, smb.ntlm("gast"))))
    talk.answer(packet(smb.two(1, struct.pack("<HHHH", 9, 1, 72, 0), 1, answer=True)))
    talk.end()
    return talk.frames


def _renamed(count: int, written: bool) -> list[Frame]:
    talk = _talk()
    for number in range(count):
        body = struct.pack("<HBBIHHI16s", 33, 1, 10, 20, 96, 0, 0, bytes(16)) + bytes(20)
        talk.ask(packet(smb.two(17, body, number, tree=5)))
        talk.answer(packet(smb.two(17, struct.pack("<H", 2), number, answer=True, tree=5)))
        if written:
            talk.ask(packet(smb.write(1000 + number, 5, bytes(40))))
            talk.answer(packet(smb.write_answer(1000 + number, 5, 40)))
    talk.end()
    return talk.frames


def many_renamed() -> list[Frame]:
    """Sixty files are renamed one after the other."""
    return _renamed(60, written=False)


def few_renamed() -> list[Frame]:
    """Forty files are renamed, and written."""
    return _renamed(40, written=True)


def many_shares_tried() -> list[Frame]:
    """Port 445 of fourteen stations is tried, one after the other."""
    return _knock((f"10.77.2.{host}", 445, host % 2 == 0) for host in range(20, 34))


def few_shares_tried() -> list[Frame]:
    """A computer looks for the shares of four servers, and for the pages of many stations."""
    servers = [(f"10.77.2.{host}", 445, True) for host in range(20, 24)]
    return _knock(servers + [(f"10.77.2.{host}", 80, True) for host in range(20, 40)])


def makers_tried() -> list[Frame]:
    """The ports of four makers' controllers are looked for at three stations."""
    return _knock((f"10.77.2.{host}", port, True) for host in (20, 21, 22) for port in (102, 502, 4840, 44818))


def own_controllers_off() -> list[Frame]:
    """A station of the plant finds its own two kinds of controllers switched off."""
    return _knock((f"10.77.2.{host}", port, False) for host in range(20, 30) for port in (102, 502))


def unlocked_desktops() -> list[Frame]:
    """A desktop without a password, and a viewer who chooses what was not offered."""
    frames: list[Frame] = []
    talk = _talk(vnc.PORT, 40001, frames)
    for send, said in ((talk.answer, vnc.NEW), (talk.ask, vnc.NEW), (talk.answer, b"\x01\x01"), (talk.ask, b"\x01")):
        send(said)
    talk.answer(bytes(4))
    talk.end()
    talk = _talk(vnc.PORT, 40002, frames)
    for send, said in ((talk.answer, vnc.NEW), (talk.ask, vnc.NEW), (talk.answer, b"\x01\x02"), (talk.ask, b"\x01")):
        send(said)
    talk.end()
    return frames


def old_desktops() -> list[Frame]:
    """A server that asks for nobody's name, and a client that wants the channel of an exploit."""
    frames: list[Frame] = []
    talk = _talk(rdp.PORT, 40001, frames)
    talk.ask(rdp.request(b"admin", 1))
    talk.answer(rdp.call(0xD0, rdp.negotiation(2, 1)))
    talk.end()
    talk = _talk(rdp.PORT, 40002, frames)
    talk.ask(rdp.request(b"", 0))
    talk.answer(rdp.call(0xD0, b""))
    talk.ask(rdp.client_settings().replace(b"cliprdr\0", b"MS_T120\0").replace(b"rdpdr\0\0\0", b"MS_T120\0"))
    talk.answer(rdp.server_settings())
    talk.end()
    return frames


def from_outside(port: int, *said: tuple[str, bytes], client: tuple[str, str] = OUTSIDE) -> list[Frame]:
    frames: list[Frame] = []
    talk = Talk(frames, port, client=client)
    for side, data in said:
        (talk.ask if side == "C" else talk.answer)(data)
    talk.end()
    return frames


def desktop_from_outside() -> list[Frame]:
    """Somebody in the internet asks for a desktop inside."""
    return from_outside(rdp.PORT, ("C", rdp.request(b"support", 3)), ("S", rdp.call(0xD0, rdp.negotiation(2, 2))))


def viewer_from_outside() -> list[Frame]:
    return from_outside(vnc.PORT, ("S", vnc.NEW), ("C", vnc.NEW), ("S", b"\x01\x02"), ("C", b"\x02"))


def share_from_outside() -> list[Frame]:
    return from_outside(smb.PORT, ("C", packet(smb.negotiate())), ("S", packet(smb.negotiated())))
