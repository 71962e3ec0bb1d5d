"""What a description adds to the list of fields: names, types and words for what the core's parser will say."""

from __future__ import annotations

from dataclasses import replace

from sensor.own_protocols.document import Described, Description
from sensor.schema.fields import DataLevel, Field, FieldType, Flaw, Listed, Protocol, Said, Upward
from sensor.schema.parts import Text

FLAWS = {
    "bad_check": Text(zh="校验码错误", en="wrong check sum"),
    "bad_end": Text(zh="结束标志缺失", en="end mark missing"),
    "short": Text(zh="报文不完整", en="message too short"),
    "trailing": Text(zh="报文末尾有多余字节", en="bytes left over"),
    "unknown_operation": Text(zh="未描述的操作码", en="operation not described"),
    "bad_digits": Text(zh="数字格式错误", en="digits that are none"),
    "too_many_values": Text(zh="数值过多，仅列出前部", en="too many values, only the first are listed"),
}
"""In the core's order, `described/layout.rs`; a test holds the two against each other."""

REST = Text(zh="未解析的字节", en="bytes that no field describes")
UNIT = Text(zh="单元号", en="unit")
NUMBER = {"zh": "代码", "en": " (number)"}
"""behind the label of a number whose values have names"""
SIGNED, FLOAT = ("i8", "i16", "i32", "i64"), ("f32", "f64", "float")
PLAIN = {"bool": FieldType.BOOLEAN, "bits": FieldType.BOOLEAN, "text": FieldType.TEXT, "bytes": FieldType.BYTES}


def listed(description: Description) -> Listed:
    """Raises ValueError with the field whose level, upward or said is no such word."""
    owner = description.name
    fields = {}
    for described in description.fields:
        fields[f"{owner}.{described.name}"] = _field(owner, described)
    for described in description.fields:
        if described.values:
            of = fields[f"{owner}.{described.name}"]
            # A message is told by the name and not by the number.
            name = f"{of.name}_name"
            fields[name] = replace(of, name=name, type=FieldType.TEXT, words=described.values)
            label = Text(zh=of.label.zh + NUMBER["zh"], en=of.label.en + NUMBER["en"])
            fields[of.name] = replace(of, label=label, said=None)
    if description.layout.get("inside"):
        fields[f"{owner}.unit_id"] = _plain(owner, "unit_id", FieldType.UNSIGNED, UNIT, DataLevel.GENERAL, Upward.CLEAR)
    fields[f"{owner}.rest"] = _plain(owner, "rest", FieldType.BYTES, REST, DataLevel.IMPORTANT, Upward.DROP)
    flaws = {f"{owner}.{name}": Flaw(label, owner) for name, label in FLAWS.items()}
    operations = {f"{owner}.{name}": label for name, label in description.operations.items()}
    return Listed(fields, flaws, {owner: Protocol(description.label)}, operations)


def _type(word: str) -> FieldType:
    if word in SIGNED:
        return FieldType.SIGNED
    if word in FLOAT:
        return FieldType.FLOAT
    return PLAIN.get(word, FieldType.UNSIGNED)


def _field(owner: str, described: Described) -> Field:
    try:
        level, upward = DataLevel(described.level), Upward(described.upward)
        said = Said(described.said) if described.said is not None else None
    except ValueError as error:
        raise ValueError(f"field {described.name}: level, upward or said: {error}") from None
    return _plain(owner, described.name, _type(described.type), described.label, level, upward, described.many, said)


def _plain(
    owner: str,
    name: str,
    kind: FieldType,
    label: Text,
    level: DataLevel,
    upward: Upward,
    many: bool = False,
    said: Said | None = None,
) -> Field:
    return Field(f"{owner}.{name}", kind, label, label, None, level, upward, many, owner, said)
