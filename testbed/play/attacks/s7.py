"""What can be done over S7comm."""

from __future__ import annotations

from testbed.play.channel import MS
from testbed.play.collector import SECOND
from testbed.play.protocols import s7
from testbed.play.stage import Stage


def stop(stage: Stage) -> None:
    """The program stops; outputs rest where they are."""
    device = stage.s7()
    channel = stage.reach(stage.intruder(device.station), device)
    stage.now = channel.ask(stage.now, *s7.stop(channel.turn))
    for signal in device.signals:
        stage.disturb(signal, 120, signal.held_at(stage.now))
    stage.pollers(device)
    stage.end(channel)


def start(stage: Stage) -> None:
    """Warm or cold restart."""
    device = stage.s7()
    channel = stage.reach(stage.intruder(device.station), device)
    stage.now = channel.ask(stage.now, *s7.control(channel.turn, b"P_PROGRAM", stage.pick(b"", b"C ")))
    stage.end(channel)


def upload(stage: Stage) -> None:
    """Blocks of the program are copied out."""
    device = stage.s7()
    channel = stage.reach(stage.intruder(device.station), device)
    for _ in range(stage.chance(1, 3)):
        content = stage.rng.bytes(stage.chance(300, 4000))
        for pair in s7.upload(channel.turn, stage.pick(b"08", b"0A", b"0C"), stage.chance(1, 90), content):
            stage.now = channel.ask(stage.now, *pair)
        stage.pause(0.1, 2)
    stage.end(channel)


def _download(stage: Stage, *, activate: bool) -> None:
    device = stage.s7()
    channel = stage.reach(stage.intruder(device.station), device)
    kind, number = stage.pick(b"08", b"0C"), stage.chance(1, 90)
    for to_device, data in s7.download(channel.turn, kind, number, stage.rng.bytes(stage.chance(200, 3000))):
        stage.now = channel.send(stage.now, to_device, data) + 4 * MS
    channel.turn += 40
    if activate:
        argument = b"\x01\x00" + kind + b"%05d" % number + b"P"
        stage.now = channel.ask(stage.now, *s7.control(channel.turn, b"_INSE", argument))
    stage.end(channel)


def download(stage: Stage) -> None:
    """A block of program goes in and is activated."""
    _download(stage, activate=True)


def block_write(stage: Stage) -> None:
    """A block goes in and is left passive: the first half of a change that comes later."""
    _download(stage, activate=False)


def delete(stage: Stage) -> None:
    device = stage.s7()
    channel = stage.reach(stage.intruder(device.station), device)
    argument = b"\x01\x00" + b"0A" + b"%05d" % stage.chance(1, 90) + b"B"
    stage.now = channel.ask(stage.now, *s7.control(channel.turn, b"_DELE", argument))
    stage.end(channel)


def password(stage: Stage) -> None:
    """Passwords are tried, one connection a try."""
    device = stage.s7()
    client = stage.intruder(device.station)
    for word in stage.rng.permutation([b"12345678", b"siemens", b"admin", b"simatic", b"password", b"s7-300"]).tolist():
        channel = stage.reach(client, device)
        stage.now = channel.ask(stage.now, *s7.password(channel.turn, word))
        stage.end(channel)
        stage.pause(0.2, 4)


def clock(stage: Stage) -> None:
    device = stage.s7()
    channel = stage.reach(stage.intruder(device.station), device)
    moment = bytes([0, 0x19, stage.pick(0x05, 0x38), 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01])
    stage.now = channel.ask(stage.now, *s7.clock(channel.turn, moment))
    stage.end(channel)


def identity_scan(stage: Stage) -> None:
    """Lists of system status: module, firmware, protection, diagnostics."""
    device = stage.s7()
    channel = stage.reach(stage.intruder(device.station), device)
    for list_id in (0x0011, 0x001C, 0x0132, 0x0232, 0x0424, 0x00A0):
        entry = {0x0011: 28, 0x001C: 34, 0x00A0: 20, 0x0424: 20}.get(list_id, 40)
        pair = s7.system_status(channel.turn, list_id, 0, [stage.rng.bytes(entry)])
        stage.now = channel.ask(stage.now, *pair)
        stage.pause(0.05, 1)
    stage.end(channel)


def rom(stage: Stage) -> None:
    """What stands in memory is made to last."""
    device = stage.s7()
    channel = stage.reach(stage.intruder(device.station), device)
    stage.now = channel.ask(stage.now, *s7.control(channel.turn, b"_MODU"))
    stage.end(channel)


def new_writer(stage: Stage) -> None:
    device = stage.s7()
    channel = stage.reach(stage.intruder(device.station), device)
    setpoint, times = stage.setpoint(device), stage.pick(1.0, 3.0)
    stage.now = device.write(channel, stage.now, setpoint, setpoint.middle * times)
    if times > 1:
        stage.lasts(device, setpoint)
    stage.end(channel)


def bulk_read(stage: Stage) -> None:
    """Data block after data block: recipes."""
    device = stage.s7()
    channel = stage.reach(stage.intruder(device.station), device)
    for block in range(1, stage.chance(80, 250)):
        request = s7.read(channel.turn, [s7.item(block, 0, 200)])
        stage.now = channel.ask(stage.now, request, s7.was_read(channel.turn, [stage.rng.bytes(200)]))
        stage.pause(0.01, 0.1)
    stage.end(channel)


def sessions(stage: Stage) -> None:
    """A controller has few connections; somebody takes all of them and keeps them."""
    device = stage.s7()
    client = stage.intruder(device.station)
    for _ in range(stage.chance(12, 30)):
        stage.reach(client, device)
        stage.pause(0.01, 0.1)
    stage.until(stage.now + 30 * SECOND)
