"""The plant's network: a namespace per host, a switch in a namespace of its own, and a mirror port.

```text
  root namespace        switch namespace            a namespace per host
  oc<run> (capture) ─── mirror     bridge ── p0 ─── eth0  boiler
                          ↑ mirred ingress   p1 ─── eth0  cooling …
```

Only the capture end stands in the root namespace: there the sensor reads it and still reaches its console over
loopback. It cannot send: no addresses, no ARP, no IPv6. Everything else goes when its namespace goes.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from testbed import state
from testbed.commands import RangeError, run
from testbed.hosts import HOSTS, PREFIX_BITS, Host

RUN_ID = re.compile(r"[0-9a-z]{1,8}")  # with its prefix below, within Linux' 15 characters for an interface name


@dataclass(frozen=True)
class Network:
    """A built network. `mirror` says how frames reach the capture end: "mirred", or "flood" on older kernels."""

    run_id: str
    capture_interface: str
    mirror: str

    def namespace(self, host: str) -> str:
        return namespace_name(self.run_id, host)

    def transmitted(self) -> int:
        """Frames the capture end has sent; a passive sensor keeps it at 0."""
        return _counter(self.capture_interface, "tx_packets")


def namespace_name(run_id: str, host: str) -> str:
    return f"otus-{run_id}-{host}"


def capture_name(run_id: str) -> str:
    return f"oc{run_id}"


def enter(namespace: str) -> list[str]:
    """What to put in front of a command so that it becomes that command inside the namespace.

    Not `ip netns exec` or `ip -n`: they also remount /sys, which fails in a chroot whose root is no mount point.
    """
    return ["nsenter", f"--net=/var/run/netns/{namespace}", "--"]


def build(run: state.RunState, hosts: tuple[Host, ...] = HOSTS) -> Network:
    """Build the network of a claimed run.

    Raises:
        RangeError: a step failed; what was already built stands in the state file, `cleanup` removes it.
    """
    if not RUN_ID.fullmatch(run.run_id):
        raise RangeError(f"run id {run.run_id!r}: 1 to 8 small letters and digits, please")
    switch, capture = namespace_name(run.run_id, "switch"), capture_name(run.run_id)
    run.namespaces = [switch, *(namespace_name(run.run_id, host.name) for host in hosts)]
    run.interfaces = [capture]
    run.save()  # before the first of them exists
    for namespace in run.namespaces:
        _make_namespace(namespace)
    _in(switch, "ip", "link", "add", "bridge", "type", "bridge", "stp_state", "0", "mcast_snooping", "0")
    _in(switch, "ip", "link", "set", "bridge", "up")
    for index, host in enumerate(hosts):
        _plug_in(switch, f"p{index}", namespace_name(run.run_id, host.name), host)
    _make_capture_end(switch, capture)
    return Network(run.run_id, capture, _mirror(switch, [f"p{index}" for index in range(len(hosts))]))


def cleanup(run_id: str) -> None:
    """Remove every process, namespace and interface of one run, then its state file. Unknown runs are no error."""
    path = state.path_of(run_id)
    if path.exists():
        _remove(state.RunState.load(path))


def cleanup_stale() -> list[str]:
    """Remove what killed runs left behind; a run whose owner lives is left alone. Returns the run ids removed."""
    with state.lock():
        dead = [found for found in state.all_states() if found.stale()]
        for found in dead:
            _remove(found)
    return [found.run_id for found in dead]


def namespaces() -> list[str]:
    return [line.split()[0] for line in run(["ip", "netns", "list"]).splitlines() if line.strip()]


def interfaces() -> list[str]:
    return sorted(path.name for path in Path("/sys/class/net").iterdir())


def _remove(found: state.RunState) -> None:
    if found.boot_id == state.boot_id():
        state.end_processes(found.processes)
        present = set(namespaces()) if found.namespaces else set()  # a replayed demo needs no `ip`
        for interface in found.interfaces:
            if interface in interfaces():
                # Its peer in the switch namespace goes with it. Gone meanwhile is what we want: hence no check,
                # and the look afterwards.
                run(["ip", "link", "delete", interface], check=False)
        for namespace in found.namespaces:
            if namespace in present:
                run(["ip", "netns", "delete", namespace])
        left = [name for name in found.interfaces if name in interfaces()]
        if left:
            raise RangeError(f"could not remove {', '.join(left)}; try: ip link delete {left[0]}")
    for folder in found.folders:
        if Path(folder).name.startswith("otus-"):
            shutil.rmtree(folder, ignore_errors=True)
    state.path_of(found.run_id).unlink(missing_ok=True)


def _make_namespace(namespace: str) -> None:
    run(["ip", "netns", "add", namespace])
    # No IPv6 chatter (router solicitations, MLD) from stations that only speak IPv4.
    _in(namespace, "sh", "-c", "for f in all default; do echo 1 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done")
    _in(namespace, "ip", "link", "set", "lo", "up")


def _plug_in(switch: str, port: str, namespace: str, host: Host) -> None:
    _in(switch, "ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace)
    _in(namespace, "ip", "link", "set", "eth0", "address", host.mac)
    # As on a wire: without this the mirror shows 65 kB frames with unfinished checksums.
    _in(namespace, "ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off", "gro", "off")
    _in(namespace, "ip", "address", "add", f"{host.address}/{PREFIX_BITS}", "dev", "eth0")
    _in(namespace, "ip", "link", "set", "eth0", "up")
    _in(switch, "ip", "link", "set", port, "master", "bridge", "up")


def _make_capture_end(switch: str, capture: str) -> None:
    run(["ip", "link", "add", capture, "type", "veth", "peer", "name", "mirror", "netns", switch])
    Path(f"/proc/sys/net/ipv6/conf/{capture}/disable_ipv6").write_text("1", encoding="ascii")
    run(["ip", "link", "set", capture, "arp", "off"])
    run(["ethtool", "-K", capture, "rx", "off", "tx", "off", "tso", "off", "gso", "off", "gro", "off"])
    _in(switch, "ip", "link", "set", "mirror", "arp", "off", "up")
    run(["ip", "link", "set", capture, "promisc", "on", "up"])


def _mirror(switch: str, ports: list[str]) -> str:
    """Mirror the ingress of each plant port; where the kernel lacks the parts, let the bridge flood every frame."""
    try:
        for port in ports:
            _in(switch, "tc", "qdisc", "add", "dev", port, "clsact")
            match = ["protocol", "all", "u32", "match", "u32", "0", "0"]
            action = ["action", "mirred", "egress", "mirror", "dev", "mirror"]
            _in(switch, "tc", "filter", "add", "dev", port, "ingress", *match, *action)
    except RangeError:
        for port in ports:
            run([*enter(switch), "tc", "qdisc", "del", "dev", port, "clsact"], check=False)
        _in(switch, "ip", "link", "set", "mirror", "master", "bridge")
        _in(switch, "ip", "link", "set", "bridge", "type", "bridge", "ageing_time", "0")
        return "flood"
    return "mirred"


def _in(namespace: str, *command: str) -> None:
    run([*enter(namespace), *command])


def _counter(interface: str, name: str) -> int:
    try:
        return int(Path(f"/sys/class/net/{interface}/statistics/{name}").read_text(encoding="ascii"))
    except FileNotFoundError:
        raise RangeError(f"interface {interface} is gone: the plant is not running") from None
