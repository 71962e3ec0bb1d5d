"""A baseline as YAML: to read, review, edit, and carry to another sensor. Export and import give the same table.

The rows are everything that was learned, also what is kept apart; behind them stand what people decided (`review`),
what rules found suspicious (`suspicions`), when each thing was seen (`report`), and what process values are like
(`values`). Rows and decisions make the table.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from detectors.baseline.folder import BaselineError, Folder, FromJson, ToJson, write_folder
from detectors.baseline.review import Known, ReviewError
from detectors.baseline.values_form import readable, restore
from detectors.baseline.versions import Codec, compiled, dump, read_decisions, state_counts

MAX_YAML_BYTES = 512 << 20
MAX_DEPTH = 16
BESIDE = ("review", "suspicions", "report", "values")
"""Keys that the core's document does not have."""
OF_KNOWN = ("suspicions", "report")

FLAGS = ("late",)
"""Keys of the core's document that are yes or no; anywhere else `true` is somebody's name without quotes."""

HEAD = """\
# 通信基线：可直接编辑，再用 otus baseline import 编译。行的先后不影响结果。
# A baseline: edit it, then compile it with otus baseline import. The order of rows does not matter.
# 时间为 UTC 纳秒，周期为微秒；start、end、stretches 两端都包含。
# Times are UTC nanoseconds, periods microseconds; start, end and stretches include both ends.
# 过程值 limits：above 上限，below 下限，step 突变，rest_s 静止秒数，swing 振荡，
# quiet 最小波动的负自然对数，drift 漂移；删去一项即不再据此判断。
# Limits of values: above, below, step, rest_s (seconds), swing, quiet (minus the natural logarithm of the least swing),
# drift. What is deleted there is not judged any more.
"""
_AT = re.compile(r" at line (\d+) column \d+$")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)")
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def export_yaml(folder: Folder, to_json: ToJson) -> str:
    """All that is known and decided as YAML. The anomaly model is no part of it.

    Raises:
        BaselineError: the table cannot be read.
    """
    try:
        if folder.known is None:
            document = json.loads(to_json(folder.table))
        else:
            known = json.loads(folder.known)
            beside = {"review": json.loads(folder.review or b"[]"), **{name: known[name] for name in OF_KNOWN}}
            document = {**known["document"], **{name: value for name, value in beside.items() if value}}
        if folder.values is not None:
            document["values"] = readable(json.loads(folder.values))
    except (ValueError, LookupError, TypeError) as error:
        raise BaselineError(f"{folder.path}: {error}") from None
    return HEAD + yaml.dump(
        document, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, default_flow_style=None, width=120
    )


def import_yaml(
    path: Path, folder: Path, from_json: FromJson, to_json: ToJson, values_from_json: FromJson
) -> Folder:
    """Compile YAML and write it as a baseline folder without a model.

    Raises:
        BaselineError: the file cannot be read, or a line of it is wrong; the message names file and line.
    """
    table, beside, values = compile_yaml(path, from_json, values_from_json)
    document = json.loads(to_json(table))
    codec = Codec(to_json, from_json)
    where = f"{path}: review"
    decisions = read_decisions(json.dumps(beside.get("review") or []).encode(), where)
    try:
        known = Known.from_json(
            {"document": document, "report": beside.get("report"), "suspicions": beside.get("suspicions") or []}
        )
    except ReviewError as error:
        raise BaselineError(f"{path}: report or suspicions: {error}") from None
    if decisions or known.suspicions:
        table = compiled(known, decisions, codec)
    return write_folder(
        folder,
        table,
        None,
        to_json=to_json,
        source=[path.name],
        start_ns=document["learned"]["from_ns"],
        end_ns=document["learned"]["to_ns"],
        known=dump(known.to_json()),
        review=dump([one.to_json() for one in decisions]),
        author="otus baseline import",
        note=path.name,
        time_ns=document["learned"]["to_ns"],
        states=state_counts(known, decisions),
        values=values,
    )


def compile_yaml(
    path: Path, from_json: FromJson, values_from_json: FromJson
) -> tuple[bytes, dict[str, Any], bytes | None]:
    """The compiled rows, what stands beside them by its key, and process values as the core reads them."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_YAML_BYTES + 1)
    except OSError as error:
        raise BaselineError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_YAML_BYTES:
        raise BaselineError(f"{path}: is larger than {MAX_YAML_BYTES} bytes")
    try:
        root = yaml.compose(data, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise BaselineError(f"{path}{line}: is not YAML: {problem}") from None
    except (UnicodeDecodeError, RecursionError):
        raise BaselineError(f"{path}: is not YAML in UTF-8") from None
    if root is None:
        raise BaselineError(f"{path}: is empty")
    beside: dict[str, Any] = {}
    values: yaml.Node | None = None
    if isinstance(root, yaml.MappingNode):
        apart = [pair for pair in root.value if getattr(pair[0], "value", None) in BESIDE]
        root.value = [pair for pair in root.value if pair not in apart]
        for key, node in apart:
            if key.value == "values":
                values = node
                continue
            # Not `yaml.load`: it makes times and numbers of base 60 of what looks like them.
            beside[key.value] = json.loads(_Writer(path, may_be_empty=True).text(node))
    table = _compiled(path, from_json, _Writer(path).text(root))
    if values is None:
        return table, beside, None
    writer = _Writer(path, may_be_empty=True)
    restore(values, writer.error)
    return table, beside, _compiled(path, values_from_json, writer.text(values))


def _compiled(path: Path, compiler: FromJson, text: str) -> bytes:
    try:
        return compiler(text)
    except ValueError as error:
        at = _AT.search(str(error))
        where = f"{path}:{at.group(1)}" if at else f"{path}"
        raise BaselineError(f"{where}: {_AT.sub('', str(error))}") from None


class _Writer:
    """Writes YAML nodes as JSON that has each value on the line it has in the YAML: so the compiler's line numbers are
    the author's."""

    def __init__(self, path: Path, may_be_empty: bool = False) -> None:
        self._path, self._may_be_empty = path, may_be_empty
        self._line = 0
        self._seen: set[int] = set()

    def text(self, root: yaml.Node) -> str:
        return "".join(self._node(root, 0))

    def error(self, node: yaml.Node, what: str) -> BaselineError:
        return BaselineError(f"{self._path}:{node.start_mark.line + 1}: {what}")

    def _lines(self, node: yaml.Node) -> str:
        """Line ends up to the line of the node."""
        missing = max(node.start_mark.line - self._line, 0)
        self._line += missing
        return "\n" * missing

    def _node(self, node: yaml.Node, depth: int) -> Iterator[str]:
        yield self._lines(node)
        if isinstance(node, yaml.ScalarNode):
            yield self._scalar(node)
            return
        if id(node) in self._seen:
            raise self.error(node, "refers to another place (&, *); write the rows out")
        self._seen.add(id(node))
        if depth > MAX_DEPTH:
            raise self.error(node, "nested too deeply for a baseline")
        if isinstance(node, yaml.SequenceNode):
            yield "["
            for index, item in enumerate(node.value):
                yield "," if index else ""
                yield from self._node(item, depth + 1)
            yield "]"
        else:
            yield "{"
            for index, (key, value) in enumerate(node.value):
                yield "," if index else ""
                if not isinstance(key, yaml.ScalarNode):
                    raise self.error(key, "a key must be a word")
                yield self._lines(key) + json.dumps(key.value)
                yield ":"
                if key.value in FLAGS and getattr(value, "value", None) in ("true", "false"):
                    yield self._lines(value) + value.value
                else:
                    yield from self._node(value, depth + 1)
            yield "}"

    def _scalar(self, node: yaml.ScalarNode) -> str:
        kind = node.tag.rpartition(":")[2]
        # YAML reads 10:20:30 as a number of base 60: only what looks like a number to a person is one here.
        if kind == "int" and _DECIMAL.fullmatch(node.value):
            return str(node.value)
        if kind == "null" and self._may_be_empty:
            return "null"
        if kind == "float" and self._may_be_empty:
            return self._float(node)
        if kind == "bool" and self._may_be_empty and node.value in ("true", "false"):
            return str(node.value)
        if kind in ("null", "bool"):
            raise self.error(node, f"'{node.value}': expected a number or text")
        return json.dumps(node.value)

    def _float(self, node: yaml.ScalarNode) -> str:
        """As it stands there: `1:30.5`, `.inf` and the like are numbers to YAML only."""
        try:
            number = float(node.value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self.error(node, f"'{node.value}': expected a number")
        return json.dumps(number)
