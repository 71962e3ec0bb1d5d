"""Process values as people read and edit them: limits by their name, relations by the names of their tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from detectors.baseline.value_entries import LIMITS, named_limits, tag_name

Refused = Callable[[yaml.Node, str], Exception]
"""Makes the error that names the line of a node."""


def readable(values: Mapping[str, Any]) -> dict[str, Any]:
    """The core's JSON of `values.json` with names in the place of numbers."""
    return {**values, "links": [_readable_link(link) for link in values["links"]]}


def _readable_link(link: Mapping[str, Any]) -> dict[str, Any]:
    names = [tag_name(tag) for tag in link["tags"]]
    found = {**link, "tags": [_readable_tag(tag) for tag in link["tags"]]}
    if "relations" in link:
        found["relations"] = [_named(relation, names) for relation in link["relations"]]
    return found


def _readable_tag(tag: Mapping[str, Any]) -> dict[str, Any]:
    found = {**tag, "limits": named_limits(tag["limits"])}
    if "days" in tag:
        found["days"] = {name: day for name, day in zip(LIMITS, tag["days"], strict=True) if day is not None}
    return found


def _named(relation: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    ((kind, content),) = relation.items()
    named = {**content, **{key: names[content[key]] for key in ("of", "state") if key in content}}
    if "terms" in content:
        named["terms"] = [[names[tag], factor] for tag, factor in content["terms"]]
    return {kind: named}


def restore(root: yaml.Node, refused: Refused) -> None:
    """The nodes of `readable` back as the core has them, each on its line; what is not of that shape is left for the
    core to refuse.

    Raises:
        what `refused` makes: a limit, or a relation's tag, that there is none of.
    """
    for link in _items(_value(root, "links")):
        names: dict[str, int] = {}
        for number, tag in enumerate(_items(_value(link, "tags"))):
            names[_name_of(tag)] = number
            for key in ("limits", "days"):
                _in_order(tag, key, refused)
        for relation in _items(_value(link, "relations")):
            for _, content in _pairs(relation):
                _number(content, names, refused)


def _in_order(tag: yaml.Node, key: str, refused: Refused) -> None:
    """A mapping by the names of limits as a list in the core's order."""
    named = _value(tag, key)
    if not isinstance(named, yaml.MappingNode):
        return
    given = {getattr(name, "value", None): (name, node) for name, node in named.value}
    for name, (node, _) in given.items():
        if name not in LIMITS:
            raise refused(node, f"{name}: a value has no such limit; there are {', '.join(LIMITS)}")
    none = yaml.ScalarNode("tag:yaml.org,2002:null", "null", named.start_mark, named.start_mark)
    rows = [given[name][1] if name in given else none for name in LIMITS]
    if key == "limits" and "below" in given:
        rows[LIMITS.index("below")] = _turned(given["below"][1])
    listed = yaml.SequenceNode("tag:yaml.org,2002:seq", rows, named.start_mark, named.end_mark)
    _put(tag, key, listed)


def _turned(node: yaml.Node) -> yaml.Node:
    """A number with its sign turned."""
    if not isinstance(node, yaml.ScalarNode):
        return node
    text = node.value.removeprefix("-") if node.value.startswith("-") else f"-{node.value.removeprefix('+')}"
    return yaml.ScalarNode(node.tag, text, node.start_mark, node.end_mark)


def _number(content: yaml.Node, names: Mapping[str, int], refused: Refused) -> None:
    """Tags of a relation by their place among those of the link."""

    def numbered(node: yaml.Node) -> yaml.Node:
        if not isinstance(node, yaml.ScalarNode) or node.value not in names:
            named = getattr(node, "value", "")
            raise refused(node, f"{named}: no such tag on this link; name one, or delete the relation")
        place = str(names[node.value])
        return yaml.ScalarNode("tag:yaml.org,2002:int", place, node.start_mark, node.end_mark)

    for key in ("of", "state"):
        if (node := _value(content, key)) is not None:
            _put(content, key, numbered(node))
    for term in _items(_value(content, "terms")):
        if isinstance(term, yaml.SequenceNode) and term.value:
            term.value[0] = numbered(term.value[0])


def _name_of(tag: yaml.Node) -> str:
    said = {key.value: getattr(node, "value", "") for key, node in _pairs(tag) if isinstance(key, yaml.ScalarNode)}
    return tag_name({"space": "", "index": "", "start": "", "kind": "", **said})


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    return next((value for name, value in _pairs(node) if getattr(name, "value", None) == key), None)


def _put(node: yaml.Node, key: str, fresh: yaml.Node) -> None:
    node.value = [(name, fresh if getattr(name, "value", None) == key else value) for name, value in _pairs(node)]
