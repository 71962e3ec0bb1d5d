"""The core's field list and `sensor/schema/fields/*.yml` say the same; the difference is printed to paste."""

from __future__ import annotations

import pytest

from sensor import _core
from sensor.schema.fields import FIELDS

pytestmark = pytest.mark.drift


def test_every_field_of_the_core_is_described() -> None:
    missing = [
        f"- {{name: {name}, type: {kind}, many: {str(many).lower()}, label: {{zh: , en: }}, …}}"
        for name, kind, many in _core.fields()
        if name not in FIELDS
    ]
    assert not missing, "describe in sensor/schema/fields/:\n" + "\n".join(missing)


def test_types_agree() -> None:
    wrong = [
        f"{name}: core {kind} many={many}, described {FIELDS[name].type} many={FIELDS[name].many}"
        for name, kind, many in _core.fields()
        if name in FIELDS and (str(FIELDS[name].type), FIELDS[name].many) != (kind, many)
    ]
    assert not wrong, "\n".join(wrong)


def test_field_names_are_unique() -> None:
    names = [name for name, _, _ in _core.fields()]
    assert len(names) == len(set(names))
