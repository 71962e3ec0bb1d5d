"""One table of settings feeds the configuration file, `OTUS_*` and the flags, in that order of precedence."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class SettingsError(ValueError):
    """What is wrong with the settings, one line a problem, with file and way out."""


@dataclass(frozen=True)
class Setting:
    name: str
    """with its unit, unless the type says it"""
    default: Any
    help: str

    @property
    def kind(self) -> type:
        return type(self.default)

    @property
    def variable(self) -> str:
        return f"OTUS_{self.name.upper()}"


SETTINGS = (
    Setting("node_name", "sensor-1", "this node's name, as its parent knows it"),
    Setting("tenant", "default", "the enterprise this traffic belongs to, on a console that hosts several"),
    Setting("segment", "default", "name of the network segment on the capture port"),
    Setting("interfaces", [], "interfaces to capture from"),
    Setting("filter", "", "what to look at: host, net, port, vlan, protocol; and, or, not"),
    Setting("rules", "", "folder of rules; empty: the bundled ones"),
    Setting("baseline", "", "folder of the learned baseline; empty: none, and what needs one is off"),
    Setting("flows", 1_048_576, "conversations kept at a time; beyond it the one idle longest is dropped and counted"),
    Setting("ring_mib", 64, "capture ring per interface"),
    Setting("heartbeat_s", 10, "how often the ledger and health are reported"),
    Setting("spool_dir", "", "folder of the queue to the console; empty: nothing is sent"),
    Setting("spool_max_mb", 1024, "disk for the queue; beyond it the least severe unsent records go, counted"),
    Setting("parents", [], "consoles to report to: {name, url, token_file}"),
    Setting("alerts", "", "file to which alerts are also written, one JSON object a line, ECS names"),
)


def defaults() -> dict[str, Any]:
    return {setting.name: setting.default for setting in SETTINGS}


def load(
    config: Path | None = None, flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """All settings, by name: defaults, then the file, then the environment, then flags that are not None.

    Raises:
        SettingsError: all problems at once.
    """
    values, problems = defaults(), list[str]()
    if config is not None:
        _from_file(config, values, problems)
    for setting in SETTINGS:
        text = (os.environ if environment is None else environment).get(setting.variable)
        if text is not None:
            _take(values, setting, text, setting.variable, problems)
    known = {setting.name: setting for setting in SETTINGS}
    for name, value in (flags or {}).items():
        if value is not None:
            _take(values, known[name], value, f"--{name.replace('_', '-')}", problems)
    if problems:
        raise SettingsError("\n".join(problems))
    return values


def _from_file(path: Path, values: dict[str, Any], problems: list[str]) -> None:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{path}: cannot be read: {error.strerror}")
        return
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problems.append(f"{path}: not YAML: {' '.join(str(error).split())}")
        return
    if data is None:
        return
    if not isinstance(data, dict):
        problems.append(f"{path}: expected `name: value` lines")
        return
    known = {setting.name: setting for setting in SETTINGS}
    for name, value in data.items():
        if name in known:
            _take(values, known[name], value, f"{path}: {name}", problems)
        else:
            near = difflib.get_close_matches(str(name), known, n=1)
            problems.append(f"{path}: unknown setting {name}" + (f"; did you mean {near[0]}?" if near else ""))


def _take(values: dict[str, Any], setting: Setting, value: Any, where: str, problems: list[str]) -> None:
    try:
        values[setting.name] = _typed(setting, value)
    except (TypeError, ValueError):
        wanted = {int: "a number", str: "text", list: "a list", bool: "true or false"}.get(setting.kind, "a value")
        problems.append(f"{where}: expected {wanted}, got {value!r}")


def _typed(setting: Setting, value: Any) -> Any:
    if setting.kind is list:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, list | tuple):
            return list(value)
        raise TypeError
    if setting.kind is int:
        if isinstance(value, bool) or (isinstance(value, float) and value != int(value)):
            raise TypeError
        number = int(value)
        if number < 0:
            raise ValueError
        return number
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise TypeError
    return str(value)
