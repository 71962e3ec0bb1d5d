"""One table of settings feeds the configuration file, `OTUS_*` and the flags, in that order of precedence."""

from __future__ import annotations

import copy
import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sensor.schema.shape import known_name


class SettingsError(ValueError):
    """What is wrong with the settings, one line a problem, with file and way out."""


@dataclass(frozen=True)
class Setting:
    name: str
    """with its unit, unless the type says it"""
    default: Any
    help: str
    least: int = 0
    most: int = 2**63 - 1
    """of a number"""
    separator: str = ","
    """of a list in one text (environment)"""
    may_be_empty: bool = True

    @property
    def kind(self) -> type:
        return type(self.default)

    @property
    def variable(self) -> str:
        return f"OTUS_{self.name.upper()}"


SETTINGS = (
    Setting("node_name", "sensor-1", "this node's name, as its parent knows it", may_be_empty=False),
    Setting("tenant", "default", "the enterprise this traffic belongs to, on a shared console", may_be_empty=False),
    Setting("segment", "default", "name of the network segment on the capture port", may_be_empty=False),
    Setting("segments", "", "table of other segments by interface, VLAN, VNI, TEID (docs/segments.md); empty: none"),
    Setting("points", "", "the plant's table of points 点表 (docs/points.md); empty: none"),
    Setting(
        "own_protocols", "", "private protocols: file or folder of descriptions (docs/own-protocols.md); empty: none"
    ),
    Setting("stations", "", "which stations matter most, and what hangs on them (docs/incidents.md); empty: none"),
    Setting("passwords", "", "weak passwords beside the built-in list: user<TAB>password, or password; empty: none"),
    Setting("interfaces", [], "interfaces to capture from"),
    Setting("filter", "", "what to look at: host, net, port, vlan, protocol; and, or, not"),
    Setting("rules", "", "folder of rules; empty: the bundled ones"),
    Setting("rule_packs", "", "folder of installed rule packs beside them (docs/rule-packs.md); empty: none"),
    Setting("pack_keys", "", "folder of the public keys (*.pem) whose packs are trusted; empty: none are"),
    Setting("site_filters", "", "file of what the site takes out of their hits (rules/README.md); empty: nothing"),
    Setting("nursery", 0, "not 0: rules below nursery/, which still wait for examples, are loaded, too"),
    Setting("baseline", "", "folder of the learned baseline; empty: none, and what needs one is off"),
    Setting("learn", "", "folder to learn a baseline into, beside everything else, until it is complete; empty: none"),
    Setting("learn_at_least_h", 24, "hours learned at least, by the time of the packets", most=10_000),
    Setting("learn_at_most_h", 720, "hours after which what was learned is written, complete or not", least=1),
    Setting("baseline_shadow", "", "folder of a baseline that is tried: what it would tell is counted; empty: none"),
    Setting(
        "baseline_on_trial",
        [],
        "families of the baseline that counts (links, operations, objects, orders, rhythms, values; all) whose alerts "
        "are counted and not raised",
    ),
    Setting("maintenance", "", "maintenance windows 检修窗口: a file (docs/baseline.md); empty: none"),
    Setting("suppliers", "", "list of trusted suppliers 可信服务商名单: a file (docs/baseline.md); empty: none"),
    Setting(
        "flows", 1_048_576, "conversations kept at a time; beyond it the one idle longest is dropped, counted", least=1
    ),
    Setting("threads", 1, "processor cores that parse and match; alerts do not depend on it", least=1, most=64),
    Setting("ring_mib", 64, "capture ring per interface", least=1, most=16_384),
    Setting("fanout", 1, "rings that share it; more than one helps with a card of several queues", least=1, most=64),
    Setting(
        "duplicate_ms",
        5,
        "how long after its original a copy made by the mirror may come; 0: copies are not looked for",
        most=1000,
    ),
    Setting("heartbeat_s", 10, "how often the ledger and health are reported", least=1, most=3600),
    Setting(
        "state_dir",
        "",
        "folder for what a restart must not forget; empty: everything is forgotten",
    ),
    Setting("spool_dir", "", "folder of the queue to the console; empty: nothing is sent"),
    Setting("spool_max_mb", 1024, "disk for the queue; beyond it the least severe unsent records go, counted", least=1),
    Setting(
        "parents",
        [],
        "consoles to report to: {name, url, token_file, ca_file?}, or NAME=URL,TOKENFILE[,CAFILE]; NAME=…",
        separator=";",
    ),
    Setting(
        "orders_from",
        "",
        "the parent whose people may decide about the baseline, or nobody; empty: the parent, where there is one only",
    ),
    Setting("evidence_dir", "", "folder for the packets around each alert (pcapng); empty: none are kept"),
    Setting(
        "evidence_quota_mib", 1024, "disk for them; beyond it the least severe goes first, then the oldest", least=1
    ),
    Setting(
        "evidence_mib",
        128,
        "memory that packets wait in until an alert asks for them (64 equal parts, each rounded down to a power of 2)",
        least=1,
        most=65_536,
    ),
    Setting("evidence_before_s", 30, "how far before its alert such a file begins, at most", most=3600),
    Setting("evidence_after_s", 5, "how long after its alert such a file goes on, at most", most=600),
    Setting("capture_dir", "", "folder for a rolling capture of everything (pcapng); empty: none"),
    Setting("capture_quota_mib", 10_240, "disk for it; bulk payload goes first, then the oldest", least=1),
    Setting("alerts", "", "file to which alerts are also written, one JSON object a line"),
    Setting("alerts_format", "ecs", "names in that file: ecs, or eve (Suricata's)"),
)


def defaults() -> dict[str, Any]:
    return {setting.name: copy.copy(setting.default) for setting in SETTINGS}


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
        found = _typed(setting, value)
    except (TypeError, ValueError, OverflowError):
        wanted = {int: "a number", str: "text", list: "a list"}.get(setting.kind, "a value")
        problems.append(f"{where}: expected {wanted}, got {value!r}")
        return
    if isinstance(found, int) and not setting.least <= found <= setting.most:
        limit = f"at least {setting.least}" if found < setting.least else f"at most {setting.most}"
        problems.append(f"{where}: expected {limit}, got {found}")
    elif not setting.may_be_empty and not str(found).strip():
        problems.append(f"{where}: must not be empty")
    elif setting.name == "node_name" and not known_name(found):
        problems.append(f"{where}: expected a name (1 to 64 letters, digits, '.', '-', '_'; no address), got {value!r}")
    elif setting.name == "interfaces" and not all(isinstance(name, str) and name for name in found):
        problems.append(f"{where}: expected names of interfaces, got {value!r}")
    else:
        values[setting.name] = found


def _typed(setting: Setting, value: Any) -> Any:
    if setting.kind is list:
        if isinstance(value, str):
            return [part.strip() for part in value.split(setting.separator) if part.strip()]
        if isinstance(value, list | tuple):
            return list(value)
        raise TypeError
    if setting.kind is int:
        if isinstance(value, bool) or (isinstance(value, float) and value != int(value)):
            raise TypeError
        return int(value)
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise TypeError
    return str(value)
