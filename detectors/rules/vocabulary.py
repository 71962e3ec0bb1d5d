"""What a rule may speak about: fields with their types, names of flaws, protocols.

Read from the one list of fields all rooms share (`sensor.schema.fields`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from sensor.schema.fields import PROTOCOLS, Listed, listed

EVERY_EVENT = frozenset(
    """
    @timestamp frame.number file.name segment network.protocol network.transport network.vlan.id source.ip source.port
    source.mac destination.ip destination.port destination.mac client.ip client.port server.ip server.port message.kind
    operation.code operation.name operation.class event.outcome event.duration request.frame.number flaws link.known
    link.learned_writes link.learned_operation link.learned_object message.bytes
    user.name login.password point.name point.value point.unit
    """.split()  # noqa: SIM905 names in a block read better than in quotes
)
"""The core's base fields, which a message of any protocol may have. A test holds them against the core's."""

NOT_IN_RULES = frozenset({"file.name", "@timestamp"})
"""Where and when a capture was made: a rule on it would mean another thing on every sensor."""

UNCOUNTED = frozenset({"flaws", "message.bytes", "segment", "source.mac", "destination.mac"})
"""Not values of one message, or in every key anyway: nothing is counted by them."""

STREAM = (
    "stream.gap",
    "stream.conflict",
    "pairing.response_without_request",
    "pairing.mismatch",
)
"""What can be wrong with a conversation rather than with a message: any protocol may have them."""

ALIASES = {
    "client": "client.ip",
    "server": "server.ip",
    "source": "source.ip",
    "destination": "destination.ip",
}
"""Short names allowed in `fold`."""


@dataclass(frozen=True)
class FieldType:
    """A field's type; `many`: it may hold a list, and a condition holds when it holds for any element."""

    kind: str
    many: bool = False


@dataclass(frozen=True)
class Vocabulary:
    """`owners` maps a field to its protocol: base fields have none. `flaws`: by protocol."""

    fields: Mapping[str, FieldType]
    owners: Mapping[str, str]
    flaws: Mapping[str, tuple[str, ...]]
    protocols: frozenset[str]

    def readable(self, field: str, protocol: str) -> bool:
        """Whether events of that protocol can have the field at all."""
        owner = self.owners.get(field)
        return owner is None or owner == protocol

    def flaw_names(self, protocol: str) -> tuple[str, ...]:
        return (*self.flaws.get(family(protocol), ()), *STREAM)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, or nothing when nothing is near. `modbus.fc` is near `modbus.function_code`."""
    names = sorted(known)
    prefix, _, tail = word.rpartition(".")
    siblings = {name.removeprefix(prefix + "."): name for name in names if prefix and name.startswith(prefix + ".")}
    short = [name for last, name in siblings.items() if "".join(part[:1] for part in last.split("_")) == tail]
    near = [siblings[last] for last in get_close_matches(tail, siblings, n=1)]
    begun = [name for last, name in siblings.items() if tail and last.startswith(tail)]
    candidates = [*short, *near, *begun, *get_close_matches(word, names, n=1)]
    return f"; did you mean {candidates[0]}?" if candidates else ""


def family(protocol: str) -> str:
    """The protocol whose conversations such messages are found in: mostly the protocol itself."""
    known = PROTOCOLS.get(protocol)
    return known.inside if known is not None and known.inside is not None else protocol


def vocabulary() -> Vocabulary:
    """The vocabulary of this version, and of the protocols that the site describes."""
    return _vocabulary(listed())


@lru_cache(maxsize=1)
def _vocabulary(all_listed: Listed) -> Vocabulary:
    flaws: dict[str, tuple[str, ...]] = {}
    for name, flaw in all_listed.flaws.items():
        flaws[flaw.protocol] = (*flaws.get(flaw.protocol, ()), name)
    known = {
        name: field for name, field in all_listed.fields.items() if field.protocol is not None or name in EVERY_EVENT
    }
    return Vocabulary(
        fields={name: FieldType(field.kind, field.many) for name, field in known.items()},
        owners={name: field.protocol for name, field in known.items() if field.protocol is not None},
        flaws=flaws,
        protocols=frozenset(all_listed.protocols),
    )
