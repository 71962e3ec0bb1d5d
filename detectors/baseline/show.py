"""A baseline as a page for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from detectors.baseline.completeness import completeness, link_completeness, words
from detectors.baseline.describe import ACTING
from detectors.baseline.folder import KNOWN, BaselineError, Folder, ToJson
from detectors.baseline.show_model import model_lines

CLASSES = {
    "read": "读取",
    "write": "写入",
    "control": "控制",
    "program": "程序",
    "session": "连接登录",
    "discover": "浏览识别",
    "diagnose": "诊断",
    "other": "其他",
}
ROLES = {"client": "客户端 client", "server": "服务端 server"}
MAX_SHOWN = 12
"""Stretches, names and operations of one line; the YAML has all of them."""


def show_text(folder: Folder, to_json: ToJson) -> str:
    """Everything a person wants to see of a baseline, Chinese first.

    Raises:
        BaselineError: the table cannot be read.
    """
    try:
        document = json.loads(to_json(folder.table))
    except ValueError as error:
        raise BaselineError(f"{folder.path}: {error}") from None
    rows = [*_head(folder, document), *_meter(folder), *_assets(document), *_links(document), *_values(folder)]
    return "\n".join(rows)


def printable(text: str) -> str:
    """Names come from the wire: nothing in them may steer a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _head(folder: Folder, document: Mapping[str, Any]) -> Iterator[str]:
    learned, model = document["learned"], folder.manifest.get("model", {})
    source = ", ".join(printable(str(name)) for name in folder.manifest["learned"].get("source", []))
    yield f"通信基线 Baseline  {folder.path}"
    yield f"  学习时间 Learned   {_time(learned['from_ns'])} → {_time(learned['to_ns'])}"
    yield f"  数据来源 Source    {source or '-'}"
    yield f"  报文数 Messages    {learned['messages']:,}"
    if learned["not_learned"]:
        yield f"  表满未学 Not learned, table full  {learned['not_learned']:,}"
    if learned["gaps_closed"]:
        yield f"  合并的空隙 Gaps closed  {learned['gaps_closed']:,}"
    yield f"  无固定周期的重复请求 Repeated requests without a period  {learned['polls_without_period']:,}"
    words = {"active": "工作 active", "abstains": "样本太少，不下结论 abstains", "none": "无 none"}
    state = words.get(str(model.get("state")), "无 none")
    detail = f", {model['windows']} 个窗口 windows" if "windows" in model else ""
    reason = f": {printable(str(model['reason']))}" if model.get("reason") else ""
    yield f"  异常模型 Model     {state}{detail}{reason}"
    yield from model_lines(model)


def _meter(folder: Folder) -> Iterator[str]:
    """How complete it is, which links are known least, and what waits for a review."""
    review = folder.manifest.get("review") or {}
    if waiting := review.get("suspicious", 0):
        yield f"  待审核 To be reviewed  {waiting} 条可疑通信关系 suspicious links (otus baseline review)"
    if folder.version:
        yield f"  版本 Version       {folder.version}"
    try:
        report = None if folder.known is None else json.loads(folder.known)["report"]
    except (ValueError, LookupError, TypeError) as error:
        raise BaselineError(f"{folder.path / KNOWN}: {error}") from None
    if not report:
        return
    meter = completeness(report, report.get("allowed_per_day"))
    state = "完整 complete" if meter.complete else "尚不完整 not complete"
    share = max(0.0, meter.share_seen_least) * 100
    yield f"\n学习完整度 Completeness  {state}，已见部分至少 seen at least {share:.1f} %"
    yield from (f"  {said.zh} / {said.en}" for said in words(meter))
    own = [(link, link_completeness(report, link)) for link in report["links"]]
    open_ones = sorted((row for row in own if row[1].new_per_day > 0), key=lambda row: -row[1].new_per_day)
    for link, of_link in open_ones[:MAX_SHOWN]:
        yield f"  {link['client']} → {link['server']}  {printable(link['protocol'])}"
        yield from (f"      {said.zh} / {said.en}" for said in words(of_link))
    if len(open_ones) > MAX_SHOWN:
        yield f"  … +{len(open_ones) - MAX_SHOWN}"


def _time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _assets(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n设备 Stations ({len(document['assets'])})"
    for asset in document["assets"]:
        roles = "、".join(ROLES[role] for role in asset["roles"])
        yield f"  {printable(asset['segment'])}  {asset['ip']:<15}  {', '.join(asset['macs'])}  {roles}"


def _links(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n通信关系 Links ({len(document['links'])})"
    for link in document["links"]:
        writes = any(operation["class"] == "write" for operation in link["operations"])
        yield (
            f"  {printable(link['segment'])}  {link['client']} → {link['server']}  {printable(link['protocol'])}"
            f"  {link['messages']:,} 条报文 messages{'  写过 writes' if writes else ''}"
        )
        operations = (
            f"{printable(row['name'])} ({row['code']}, {CLASSES[row['class']]}) ×{row['count']:,}"
            for row in link["operations"]
        )
        yield f"      操作 operations  {_some(operations)}"
        for row in link["objects"]:
            stretches = (f"{start}–{end}" if start != end else f"{start}" for start, end in row["stretches"])
            names = (printable(name) for name in row["names"])
            yield (
                f"      对象 objects     {CLASSES[row['class']]} {printable(row['space'])} {row['index']}: "
                f"{_some([*stretches, *names])}"
            )
        for poll in link["polls"]:
            yield f"      轮询 poll        {_poll(poll)}"
        if link.get("orders"):
            yield f"      次序 orders      {_some(_orders(link))}"


def _orders(link: Mapping[str, Any]) -> Iterator[str]:
    """`read_holding_registers → write_single_register ×12`: what came before what changes something."""
    names = {f"{row['code']}.{row['class']}": printable(row["name"]) for row in link["operations"]}
    names["start"] = "连接建立 connection opened"
    counts: Counter[tuple[str, str]] = Counter()
    for row in link["orders"]:
        if row["next"].rpartition(".")[2] in ACTING:
            counts[row["last"], row["next"]] += row["count"]
    for (last, following), count in counts.items():
        yield f"{names.get(last, last)} → {names.get(following, following)} ×{count:,}"


def _poll(poll: Mapping[str, Any]) -> str:
    what = printable(poll["name"]) or f"{poll['start']}–{poll['end']}"
    seconds = {key: poll[f"{key}_us"] / 1e6 for key in ("period", "low", "high", "stopped")}
    place = f"{printable(poll['space'])} {poll['index']}: {what}, " if poll["space"] else ""
    return (
        f"{poll['operation']} {place}每 every {seconds['period']:.3f} s "
        f"({seconds['low']:.3f}–{seconds['high']:.3f}), 停止 stopped > {seconds['stopped']:.3f} s"
    )


def _some(items: Any) -> str:
    listed = list(items)
    more = f" … +{len(listed) - MAX_SHOWN}" if len(listed) > MAX_SHOWN else ""
    return ", ".join(listed[:MAX_SHOWN]) + more


JUDGED = ("上限 high", "下限 low", "突变 jump", "静止 rest", "振荡 swing", "波动 noise", "漂移 drift")
"""What a tag's limits are for, in the core's order (`values/motion.rs`)."""
KINDS = {
    "bit": "位 bit", "word": "u16", "signed_word": "i16", "float": "f32", "float_swapped": "f32 cdab", "number": "",
}  # fmt: skip


def _values(folder: Folder) -> Iterator[str]:
    """Process values: a line a tag."""
    if folder.values is None:
        return
    links = json.loads(folder.values)["links"]
    yield f"\n过程值 Process values ({sum(len(link['tags']) for link in links)})"
    for link in links:
        where = f"{printable(link['segment'])}  {link['client']} → {link['server']}  {printable(link['protocol'])}"
        yield f"  {where}"
        for tag in link["tags"]:
            yield f"      {_tag(tag)}"
        for relation in link.get("relations", ()):
            yield f"      关系 relation  {_relation(link['tags'], relation)}"


def _relation(tags: Sequence[Mapping[str, Any]], relation: Mapping[str, Any]) -> str:
    """In the numbers of the wire; alerts have those of the table of points."""
    if (sum_of := relation.get("linear")) is not None:
        terms = " + ".join(f"{factor:.4g} · {_place(tags[tag])}" for tag, factor in sum_of["terms"])
        return f"{_place(tags[sum_of['of']])} ≈ {terms} + {sum_of['offset']:.4g} ± {sum_of['limit']:.4g}"
    held = relation["while"]
    state, of = _place(tags[held["state"]]), _place(tags[held["of"]])
    return f"{state} = {held['is']:g} ⇒ {held['low']:.4g} ≤ {of} ≤ {held['high']:.4g}"


def _place(tag: Mapping[str, Any]) -> str:
    return printable(tag.get("name") or f"{tag['space']} {tag['index']}:{tag['start']}")


def _tag(tag: Mapping[str, Any]) -> str:
    parts = [f"{_place(tag)} {KINDS.get(tag['kind'], '')}".rstrip()]
    if tag.get("low") is not None:
        parts.append(f"{tag['low']:.5g} – {tag['high']:.5g}")
    if tag.get("setting"):
        parts.append("设定值 setting")
    if tag.get("counter"):
        parts.append("计数 counter")
    if tag.get("states"):
        parts.append("状态 states " + _some(f"{state:g}" for state in tag["states"]))
    if tag.get("set_limits"):
        low, high = tag["set_limits"]
        parts.append(f"写入限值 may be set to {low:.5g} – {high:.5g}")
    judged = [word for word, limit in zip(JUDGED, tag["limits"], strict=True) if limit is not None]
    parts.append("监视 judged: " + "、".join(judged) if judged else "不判 not judged")
    return "，".join(parts)
