"""S7comm: the message's kind is in its header, jobs have a function, userdata a group and a subfunction.

tshark and we recognise it by content on COTP; COTP's own messages and S7comm-plus are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said

KINDS = {"1": "request", "2": "acknowledgement", "3": "response", "7": "userdata"}


def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    functions = iter(row.all("s7comm.param.func"))
    groups = iter(row.all("s7comm.param.userdata.funcgroup"))
    subfunctions = iter(row.all("s7comm.param.userdata.subfunc"))
    modes = iter(row.all("s7comm.param.modetrans.subfunc"))
    for rosctr, length in zip(row.all("s7comm.header.rosctr"), row.all("s7comm.header.parlg"), strict=False):
        kind = KINDS.get(rosctr, "other")
        if kind == "userdata":
            group = next(groups, "?")
            # A mode transition has a field of its own for what other groups call a subfunction.
            subfunction = next(modes if group == "0" else subfunctions, "?")
            # Some groups' are written in hexadecimal.
            yield Said(f"{group}/{subfunction if subfunction == '?' else int(subfunction, 0)}", kind)
        elif kind in ("request", "response") and length != "0":
            yield Said(str(int(next(functions, "-1"), 0)), kind)
        else:
            yield Said("none", kind)


def ours(event: Event) -> Said | None:
    kind = KINDS.get(str(event.get("s7comm.rosctr")), "other")
    if kind == "userdata":
        group, subfunction = event.get("s7comm.userdata.group", "?"), event.get("s7comm.userdata.subfunction", "?")
        return Said(f"{group}/{subfunction}", kind)
    return Said(str(event.get("s7comm.function", "none")), kind)


S7COMM = Comparable(
    name="s7comm",
    fields=(
        "s7comm.header.rosctr",
        "s7comm.header.parlg",
        "s7comm.param.func",
        "s7comm.param.userdata.funcgroup",
        "s7comm.param.userdata.subfunc",
        "s7comm.param.modetrans.subfunc",
    ),
    theirs=theirs,
    ours=ours,
    ports=frozenset({102}),
    decode_as="tcp.port=={port},tpkt",
)
