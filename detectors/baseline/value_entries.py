"""What process values are like, entry by entry, each with a name: what versions are compared by, and YAML names.

```text
value:default/192.168.1.10>192.168.1.20/modbus#holding_register.1:40:word
relation:default/192.168.1.10>192.168.1.20/modbus#input_register.1:7:word=input_register.1:8:word,input_register.1:9:word
order:default/192.168.1.10>192.168.1.20/modbus#unknown,3.read>16.write
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from detectors.baseline.entries import Document, Entry, Seen, link_id

LIMITS = ("above", "below", "step", "rest_s", "swing", "quiet", "drift")
"""What a tag's limits are called, in the core's order (`values/motion.rs`)."""
JUDGED = ("kind", "low", "high", "counter", "states", "setting", "set", "set_limits")
"""What is judged of a tag beside its limits; how often it was seen is not."""


def tag_name(tag: Mapping[str, Any]) -> str:
    """What a tag is called on its link: space, index, place and type."""
    place = f'"{tag["name"]}"' if tag.get("name") else str(tag["start"])
    return f"{tag['space']}.{tag['index']}:{place}:{tag['kind']}"


def tag_id(link: str, tag: Mapping[str, Any]) -> str:
    return f"value:{link.removeprefix('link:')}#{tag_name(tag)}"


def named_limits(limits: Sequence[float | None]) -> dict[str, float]:
    """By name, those that something is judged by. The core bounds the value with its sign turned for `below`."""
    found = {name: limit for name, limit in zip(LIMITS, limits, strict=True) if limit is not None}
    return {**found, "below": -found["below"]} if "below" in found else found


def value_entries(values: Mapping[str, Any]) -> Iterator[Entry]:
    """A tag, and a relation between tags, an entry each; `about` is what is judged by it."""
    for link in values["links"]:
        name = link_id(link)
        names = [tag_name(tag) for tag in link["tags"]]
        for tag in link["tags"]:
            about = {key: tag[key] for key in JUDGED if key in tag} | named_limits(tag["limits"])
            about |= {"by_the_hour": tag["days"]} if tag.get("days") else {}
            yield Entry("value", tag_id(name, tag), name, tag_name(tag), Seen(count=tag["samples"]), about)
        for relation in link.get("relations", ()):
            yield _relation(name, names, relation)


def _relation(link: str, names: Sequence[str], relation: Mapping[str, Any]) -> Entry:
    if (linear := relation.get("linear")) is not None:
        of, others = names[linear["of"]], ",".join(names[tag] for tag, _ in linear["terms"])
        about = {"factors": [factor for _, factor in linear["terms"]]}
        about |= {key: linear[key] for key in ("offset", "limit", "days") if key in linear}
    else:
        held = relation["while"]
        of, others = names[held["of"]], f"while {names[held['state']]} is {held['is']:g}"
        about = {key: held[key] for key in ("low", "high", "days") if key in held}
    label = f"{of}={others}"
    return Entry("relation", f"relation:{link.removeprefix('link:')}#{label}", link, label, about=about)


def order_entries(document: Document) -> Iterator[Entry]:
    """Transitions of the learned order of operations, an entry each."""
    for link in document["links"]:
        name = link_id(link)
        for row in link.get("orders", ()):
            label = f"{row['before']},{row['last']}>{row['next']}"
            about = {"count": row["count"], "occasions": row["occasions"], "late": row["late"]}
            yield Entry("order", f"order:{name.removeprefix('link:')}#{label}", name, label, about=about)
