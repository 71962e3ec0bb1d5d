"""SSH before its keys: banners, the offers of the key exchange, and that somebody left."""

from __future__ import annotations

from collections.abc import Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said

KEXINIT, DISCONNECT = "20", "1"
LISTS = {
    "ssh.kex_algorithms": "ssh.kex_algorithm",
    "ssh.server_host_key_algorithms": "ssh.host_key_algorithm",
    "ssh.encryption_algorithms_client_to_server": "ssh.cipher",
    "ssh.mac_algorithms_client_to_server": "ssh.mac_algorithm",
    "ssh.compression_algorithms_client_to_server": "ssh.compression",
}
"""tshark's whole list, our field with its first name"""


def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    for banner in row.all("ssh.protocol"):
        yield Said(f"banner {banner.rstrip()}", "")
    lists = {name: iter(row.all(name)) for name in LISTS}
    for code in row.all("ssh.message_code"):
        if code == KEXINIT:
            firsts = (next(values, "").split(",")[0] for values in lists.values())
            yield Said(f"offer {' '.join(firsts)}", "")
        elif code == DISCONNECT:
            yield Said("disconnect", "")


def ours(event: Event) -> Said | None:
    code = str(event.get("ssh.message_code"))
    if "ssh.version" in event:
        software = f"-{event['ssh.software']}" if event["ssh.software"] else ""
        comment = f" {event['ssh.comment']}" if "ssh.comment" in event else ""
        return Said(f"banner SSH-{event['ssh.version']}{software}{comment}".rstrip(), "")
    if code == KEXINIT:
        return Said(f"offer {' '.join(event.get(name, '') for name in LISTS.values())}", "")
    if code == DISCONNECT:
        return Said("disconnect", "")
    return Said(event["operation.name"], "")


SSH = Comparable(
    name="ssh",
    fields=("ssh.protocol", "ssh.message_code", *LISTS),
    theirs=theirs,
    ours=ours,
    ports=frozenset({22}),
    decode_as="tcp.port=={port},ssh",
)
