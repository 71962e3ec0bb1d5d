"""The batch as it travels between tiers, checked with pydantic at the edge, and its JSON Schema.

`batch.schema.json` is generated from these models: `python -m sensor.schema.batch` writes it, a test compares. Keys
that are not named here are allowed everywhere: within a major version a newer child may say more.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from sensor.schema.alert import MAX_EVIDENCE
from sensor.schema.baseline import ENTRIES_PER_PART, MAX_NAME, MAX_PARTS, MAX_SUSPICIONS, MAX_VERSIONS
from sensor.schema.order import (
    MAX_ADDRESSEES,
    MAX_INCIDENTS,
    MAX_NOTE,
    MAX_PERSON,
    MAX_STATE,
    MAX_STEPS,
    MAX_TEXT,
    MAX_TITLE,
)
from sensor.schema.pack_order import MAX_CONTENT, MAX_VERSION
from sensor.schema.pack_order import MAX_NAME as MAX_PACK_NAME
from sensor.schema.receipt import MAX_REMARK
from sensor.schema.records import SCHEMA_MAJOR, Record
from sensor.schema.review import MAX_CALLED, MAX_DECISIONS
from sensor.schema.shape import MAX_INT, RecordError
from sensor.schema.story import MAX_MERGED, MAX_STEPS_TOLD, MAX_TARGETS_TOLD
from sensor.schema.task import MAX_CHECKLIST, MAX_LINE
from sensor.schema.words import Colour, Finding, Kind, Level, Outcome, ReviewAction, State, Verdict

SCHEMA_FILE = Path(__file__).with_name("batch.schema.json")
MAX_RECORDS = 500
MAX_DEPTH = 24
"""Objects and lists inside each other in one record; ours have seven."""

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\s/\\:]+$", description="a node's name")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Nanoseconds = Annotated[int, Field(ge=0, le=MAX_INT, strict=True, description="UTC nanoseconds since 1970")]
Number = Annotated[int, Field(ge=0, le=MAX_INT, strict=True)]
Port = Annotated[int, Field(ge=0, le=65535, strict=True)]
Words = Annotated[str, Field(max_length=8192)]
Counts = Annotated[dict[str, Number], Field(max_length=256)]
Fields = Annotated[dict[str, JsonValue], Field(max_length=512)]


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class TextModel(_Open):
    zh: Words
    en: Words


class EndpointModel(_Open):
    ip: Words | None = Field(default=None, description="an address, or above the enterprise a pseudonym host-…")
    port: Port | None = None
    mac: Words | None = Field(default=None, description="an address, or above the enterprise a pseudonym mac-…")


class ReasonModel(_Open):
    code: Annotated[str, Field(max_length=128)]
    params: Fields = Field(default_factory=dict, description="what was not declared for going up is missing above")


class EvidenceModel(_Open):
    file: Words | None = None
    interface: Words | None = None
    frame: Number | None = None
    ts_ns: Nanoseconds
    fields: Fields = Field(default_factory=dict)


class AlertModel(_Open):
    cause: Words
    detector: Annotated[str, Field(max_length=64)]
    level: Level
    title: TextModel
    advice: TextModel | None = None
    consequence: TextModel | None = None
    rule_id: Annotated[str, Field(max_length=64)] | None = None
    reason: ReasonModel
    technique: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=32)] = []
    incident_class: Annotated[str, Field(max_length=32)] | None = Field(
        default=None, alias="class", description="proposed class of GB/T 20986-2023: attack, exposure, deviation, …"
    )
    protocol: Annotated[str, Field(max_length=64)]
    client: EndpointModel | None = None
    server: EndpointModel | None = None
    source: EndpointModel | None = None
    destination: EndpointModel | None = None
    first_ns: Nanoseconds
    last_ns: Nanoseconds
    count: Annotated[int, Field(ge=1, le=MAX_INT, strict=True)]
    outcome: Outcome = Outcome.UNKNOWN
    state: State = State.OPEN
    fields: Fields = Field(default_factory=dict)
    evidence: Annotated[list[EvidenceModel], Field(max_length=MAX_EVIDENCE)] = []
    coverage: dict[str, JsonValue] = Field(default_factory=dict)
    story: Id | None = None


class AssetModel(_Open):
    segment: Words = "default"
    ip: Words | None = None
    mac: Words | None = None
    first_ns: Nanoseconds
    last_ns: Nanoseconds
    roles: Annotated[list[Literal["client", "server"]], Field(max_length=2)] = []
    protocols: Annotated[list[Words], Field(max_length=256)] = []
    operations: Number = 0
    identity: Fields = Field(default_factory=dict)
    vlan: Annotated[int, Field(ge=0, le=4095, strict=True)] | None = None


class LinkModel(_Open):
    """Who speaks to whom, in which protocol"""

    segment: Words = "default"
    client: Words
    server: Words
    server_port: Annotated[int, Field(ge=0, le=65535, strict=True)] | None = None
    protocol: Words
    first_ns: Nanoseconds
    last_ns: Nanoseconds
    messages: Number = 0


class LedgerModel(_Open):
    """`received = parsed + skipped + lost + held`, in packets"""

    received: Number = 0
    parsed: Number = 0
    skipped: Counts = Field(default_factory=dict)
    lost: Counts = Field(default_factory=dict)
    held: Number = 0


class InterfaceModel(_Open):
    name: Words = ""
    received: Number = 0
    dropped: Number = 0
    transmitted: Number = 0
    nic_dropped: Number = 0
    offloads: list[Words] = []


class BelowModel(_Open):
    """Of a console that sums up its sensors' heartbeats in one of its own"""

    sensors: Number
    silent: Number = 0
    without_baseline: Number = 0
    silent_names: Annotated[list[Words], Field(max_length=256)] = []
    children: Number = 0
    silent_children: Number = 0
    silent_child_names: Annotated[list[Words], Field(max_length=256)] = []


class HeartbeatModel(_Open):
    sensor: Words
    start_ns: Nanoseconds
    end_ns: Nanoseconds
    ledger: LedgerModel = Field(default_factory=LedgerModel)
    interfaces: Annotated[list[InterfaceModel], Field(max_length=256)] = []
    versions: dict[str, Words] = Field(default_factory=dict)
    rules_loaded: Number = 0
    baseline: dict[str, JsonValue] | None = None
    windows: dict[str, JsonValue] = Field(default_factory=dict)
    model: Annotated[str, Field(max_length=64)] = "none"
    spool: dict[str, JsonValue] = Field(default_factory=dict)
    evidence: dict[str, JsonValue] = Field(default_factory=dict)
    detection: dict[str, JsonValue] = Field(default_factory=dict)
    recording: dict[str, JsonValue] = Field(default_factory=dict)
    below: BelowModel | None = None


class EvidenceFileModel(_Open):
    """The packets around an alert, kept as a file where they were captured; only this travels"""

    alert: Id
    level: Level
    format: Annotated[str, Field(max_length=16)] = "pcapng"
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Number
    packets: Number
    first_ns: Nanoseconds
    last_ns: Nanoseconds
    hit_ns: Nanoseconds
    frame: Number
    reaches_back_packets: Number
    reaches_back_ns: Number
    before: Annotated[str, Field(max_length=32)]
    after: Annotated[str, Field(max_length=32)]


StateCode = Annotated[str, Field(min_length=1, max_length=MAX_STATE, description="a newer tier may know more of them")]


class StepModel(_Open):
    """What somebody did, and when; steps are only ever added"""

    at_ns: Nanoseconds
    by: Annotated[str, Field(max_length=MAX_PERSON)]
    state: StateCode
    note: Annotated[str, Field(max_length=MAX_NOTE)] = ""
    finding: Finding | None = None


class ReferenceModel(_Open):
    origin: Name
    id: Id


class _OrderModel(_Open):
    title: Annotated[str, Field(max_length=MAX_TITLE)]
    text: Annotated[str, Field(max_length=MAX_TEXT)]
    issued_ns: Nanoseconds
    deadline_ns: Nanoseconds | None = None
    state: StateCode
    open: Annotated[bool, Field(strict=True)] = True
    all_below: Annotated[bool, Field(strict=True, description="either this, or addressees")] = False
    addressees: Annotated[list[Name], Field(max_length=MAX_ADDRESSEES)] = []
    incidents: Annotated[list[ReferenceModel], Field(max_length=MAX_INCIDENTS)] = []
    steps: Annotated[list[StepModel], Field(max_length=MAX_STEPS)] = []


class NoticeModel(_OrderModel):
    """Goes down the line: 通报 (bulletin) or 预警 (warning, with a colour)"""

    form: StateCode
    colour: Colour | None = None
    level: Level | None = None


Line = Annotated[str, Field(max_length=MAX_LINE)]


class TaskModel(_OrderModel):
    """Goes down the line: 抽查, a list to check oneself by"""

    checklist: Annotated[
        list[Annotated[str, Field(max_length=MAX_LINE)]], Field(min_length=1, max_length=MAX_CHECKLIST)
    ]
    scope: Annotated[str, Field(max_length=MAX_LINE)] = ""


class CheckedModel(_Open):
    line: Annotated[int, Field(ge=0, lt=MAX_CHECKLIST, strict=True)]
    verdict: Verdict
    remark: Annotated[str, Field(max_length=MAX_REMARK)] = ""


class ReceiptModel(_Open):
    """Goes up the line: what one receiver says about one notice or task"""

    about: ReferenceModel
    state: StateCode
    settled: Annotated[bool, Field(strict=True)] = False
    at_ns: Nanoseconds
    finding: Finding | None = None
    steps: Annotated[list[StepModel], Field(max_length=MAX_STEPS)] = []
    results: Annotated[list[CheckedModel], Field(max_length=MAX_CHECKLIST)] = []
    version: Number | None = Field(default=None, description="of a review: the baseline's that came of it")


EntryName = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]


class AskedModel(_Open):
    action: ReviewAction
    entry: EntryName
    stretch: Annotated[list[Number], Field(min_length=2, max_length=2)] | None = None
    network: Annotated[str, Field(max_length=64)] | None = None
    called: Annotated[str, Field(max_length=MAX_CALLED)] = ""


class ReviewModel(_OrderModel):
    """Goes down the line to one sensor: what a person decided about its baseline"""

    decisions: Annotated[list[AskedModel], Field(max_length=MAX_DECISIONS)] = []
    rollback: Number | None = None
    enforce: Annotated[bool, Field(strict=True)] = False


class PackModel(_OrderModel):
    """Goes down the line: a signed rule pack, or the word that one is to be taken back"""

    name: Annotated[str, Field(max_length=MAX_PACK_NAME)]
    version: Annotated[str, Field(max_length=MAX_VERSION)]
    content: Annotated[str, Field(max_length=MAX_CONTENT, description="base64 of the zlib-compressed file")] = ""
    rollback: Annotated[bool, Field(strict=True)] = False
    consent: Annotated[bool, Field(strict=True)] = False


class BaselineEntryModel(_Open):
    name: EntryName
    kind: Annotated[str, Field(max_length=32)]
    state: Annotated[str, Field(max_length=32)]
    link: Annotated[str, Field(max_length=MAX_NAME)] = ""
    about: Fields = Field(default_factory=dict)
    first_ns: Nanoseconds | None = None
    last_ns: Nanoseconds | None = None
    count: Number | None = None
    place: Words = ""
    frame: Number | None = None
    decision: Fields | None = None
    suspicions: Annotated[list[Fields], Field(max_length=MAX_SUSPICIONS)] = []


class BaselinePartModel(_Open):
    """Entries of a sensor's baseline; ends at the first console"""

    part: Annotated[int, Field(ge=1, le=MAX_PARTS, strict=True)]
    entries: Annotated[list[BaselineEntryModel], Field(max_length=ENTRIES_PER_PART)]


class BaselineModel(_Open):
    """The state of a sensor's baseline as a whole; ends at the first console"""

    role: Annotated[str, Field(max_length=32)]
    version: Number
    approved: Annotated[bool, Field(strict=True)] = False
    parts: Annotated[int, Field(ge=0, le=MAX_PARTS, strict=True)] = 0
    entries: Number = 0
    states: Counts = Field(default_factory=dict)
    kinds: Counts = Field(default_factory=dict)
    from_ns: Nanoseconds = 0
    to_ns: Nanoseconds = 0
    meter: Fields | None = None
    versions: Annotated[list[Fields], Field(max_length=MAX_VERSIONS)] = []
    trial: Fields | None = None
    decides: Annotated[bool, Field(strict=True)] = False


Code = Annotated[str, Field(max_length=64)]
Address = Annotated[str, Field(max_length=128, description="an address, or above the enterprise a pseudonym")]


class StoryStepModel(_Open):
    """What one station did, or what became visible afterwards"""

    alert: Id
    cause: Words
    detector: Code
    level: Level
    title: TextModel
    protocol: Code
    relation: Code
    tactic: Code = ""
    first_ns: Nanoseconds
    last_ns: Nanoseconds
    alerts: Annotated[int, Field(ge=1, le=MAX_INT, strict=True)]
    hits: Annotated[int, Field(ge=1, le=MAX_INT, strict=True)]
    technique: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=32)] = []
    source: Address | None = None
    targets: Annotated[list[Address], Field(max_length=MAX_TARGETS_TOLD)] = []
    target_count: Number = 0
    outcome: Outcome = Outcome.UNKNOWN


class SeverityModel(_Open):
    """In which order stories are handled: level x importance x consequence"""

    level: Annotated[int, Field(ge=1, le=5, strict=True)]
    importance: Annotated[int, Field(ge=1, le=3, strict=True)]
    consequence: Annotated[int, Field(ge=1, le=3, strict=True)]
    basis: Code
    station: Address | None = None
    name: Words | None = None
    serves: Words | None = None


class StoryModel(_Open):
    """Alerts that belong together"""

    level: Level
    title: TextModel
    first_ns: Nanoseconds
    last_ns: Nanoseconds
    alerts: Annotated[int, Field(ge=1, le=MAX_INT, strict=True)]
    hits: Annotated[int, Field(ge=1, le=MAX_INT, strict=True)]
    severity: SeverityModel
    actor: Address | None = None
    state: State = State.OPEN
    steps: Annotated[list[StoryStepModel], Field(max_length=MAX_STEPS_TOLD)] = []
    more_steps: Number = 0
    merged_into: Id | None = None
    merged: Annotated[list[Id], Field(max_length=MAX_MERGED)] = []
    follows: Id | None = None


class _Envelope(_Open):
    schema_: Annotated[str, Field(alias="schema", pattern=r"^1\.[0-9]{1,4}$")] = "1.0"
    id: Id
    revision: Annotated[int, Field(ge=1, le=MAX_INT, strict=True)]
    origin: Name
    tenant: Annotated[str, Field(max_length=64)] = "default"
    segment: Annotated[str, Field(max_length=128)] = "default"
    path: Annotated[list[Name], Field(max_length=16)] = []


class AlertRecord(_Envelope):
    kind: Literal["alert"]
    body: AlertModel


class AssetRecord(_Envelope):
    kind: Literal["asset"]
    body: AssetModel


class HeartbeatRecord(_Envelope):
    kind: Literal["heartbeat"]
    body: HeartbeatModel


class EvidenceRecord(_Envelope):
    kind: Literal["evidence"]
    body: EvidenceFileModel


class LinkRecord(_Envelope):
    kind: Literal["link"]
    body: LinkModel


class NoticeRecord(_Envelope):
    kind: Literal["notice"]
    body: NoticeModel


class TaskRecord(_Envelope):
    kind: Literal["task"]
    body: TaskModel


class ReceiptRecord(_Envelope):
    kind: Literal["receipt"]
    body: ReceiptModel


class StoryRecord(_Envelope):
    kind: Literal["story"]
    body: StoryModel


class BaselineRecord(_Envelope):
    kind: Literal["baseline"]
    body: BaselineModel


class BaselinePartRecord(_Envelope):
    kind: Literal["baseline_part"]
    body: BaselinePartModel


class ReviewRecord(_Envelope):
    kind: Literal["review"]
    body: ReviewModel


class PackRecord(_Envelope):
    kind: Literal["pack"]
    body: PackModel


class OtherRecord(_Envelope):
    """A kind that a newer minor version brought: kept and passed on."""

    kind: Annotated[
        str,
        Field(
            pattern=r"^[a-z_]{1,32}$",
            json_schema_extra={"not": {"enum": [str(kind) for kind in Kind]}},
        ),
    ]
    body: dict[str, JsonValue]


class BatchModel(_Open):
    """One POST to /api/v1/batches."""

    model_config = ConfigDict(extra="allow", frozen=True, title="Otus batch")

    schema_: Annotated[str, Field(alias="schema", pattern=r"^1\.[0-9]{1,4}$")]
    records: Annotated[
        list[
            AlertRecord
            | AssetRecord
            | HeartbeatRecord
            | EvidenceRecord
            | LinkRecord
            | NoticeRecord
            | TaskRecord
            | ReceiptRecord
            | StoryRecord
            | BaselineRecord
            | BaselinePartRecord
            | ReviewRecord
            | PackRecord
            | OtherRecord
        ],
        Field(max_length=MAX_RECORDS),
    ]


_BY_KIND: dict[str, TypeAdapter[Any]] = {
    "alert": TypeAdapter(AlertRecord),
    "asset": TypeAdapter(AssetRecord),
    "heartbeat": TypeAdapter(HeartbeatRecord),
    "evidence": TypeAdapter(EvidenceRecord),
    "link": TypeAdapter(LinkRecord),
    "notice": TypeAdapter(NoticeRecord),
    "task": TypeAdapter(TaskRecord),
    "receipt": TypeAdapter(ReceiptRecord),
    "story": TypeAdapter(StoryRecord),
    "baseline": TypeAdapter(BaselineRecord),
    "baseline_part": TypeAdapter(BaselinePartRecord),
    "review": TypeAdapter(ReviewRecord),
    "pack": TypeAdapter(PackRecord),
}
_OTHER: TypeAdapter[Any] = TypeAdapter(OtherRecord)


def check_record(data: object) -> Record:
    """One record of a batch, read and checked.

    Raises:
        RecordError: it is not one; the message names the first keys that are wrong.
    """
    if _deeper_than(data, MAX_DEPTH):
        raise RecordError(f"record: nested more than {MAX_DEPTH} deep")
    kind = data.get("kind") if isinstance(data, dict) else None
    try:
        _BY_KIND.get(kind if isinstance(kind, str) else "", _OTHER).validate_python(data)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, item['loc'])) or 'record'}: {item['msg']}"
            for item in error.errors(include_url=False, include_input=False, include_context=False)[:3]
        ]
        raise RecordError("; ".join(problems)[:300]) from None
    return Record.from_json(data)


_CONTAINERS = frozenset({dict, list})


def _deeper_than(data: object, limit: int) -> bool:
    """Level by level and not by recursion: the answer must not depend on the stack."""
    level: list[Any] = [data] if type(data) in _CONTAINERS else []
    for _ in range(limit - 1):
        level = [
            inner
            for item in level
            for inner in (item.values() if type(item) is dict else item)
            if type(inner) in _CONTAINERS
        ]
        if not level:
            return False
    return any(level)


def major_of(schema: object) -> int:
    """The major number of a batch's `schema`. Raises RecordError where it has none."""
    if isinstance(schema, str):
        major, dot, minor = schema.partition(".")
        if dot and all(part.isascii() and part.isdigit() and len(part) <= 4 for part in (major, minor)):
            return int(major)
    raise RecordError(f"schema: must be like '{SCHEMA_MAJOR}.0'")


def schema_text() -> str:
    """The JSON Schema of a batch, as it is committed."""
    return json.dumps(BatchModel.model_json_schema(by_alias=True), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
