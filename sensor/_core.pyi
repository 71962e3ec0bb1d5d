"""The seam between Rust and Python. Everything is compiled once; results come in batches.

Nothing here is called per packet. Bytes from the wire never raise; OSError means an input, ValueError an argument.
"""

from collections.abc import Sequence
from os import PathLike
from typing import Any, final

__all__ = [
    "Assets",
    "Batch",
    "Columns",
    "Engine",
    "Forest",
    "Hit",
    "News",
    "Parquet",
    "Slice",
    "Windows",
    "__version__",
    "asset_features",
    "baseline_from_json",
    "baseline_to_json",
    "check_filter",
    "describe",
    "features",
    "fields",
    "look",
    "loss_places",
    "protocols",
    "skip_reasons",
    "values_from_json",
]

__version__: str

_Side = tuple[str, int | None, str | None]
"""IP address, port, MAC address."""

@final
class Engine:
    """Packets in, batches out.

    `config` is a JSON object: `flows` (conversations kept), `filter` (expression), `window_ns` (0: no windows),
    `learn`, `listing` (bool), `keep_open` (the run goes on after its end: no fold is closed then), `events` (null,
    `ndjson`, `csv`, `columns`), `protocols` (names: events of these only), `segment` (name),
    `own_protocols` (names, see `describe`), `segments` (lines of the table: {name, interface, vlan, vni, teid}),
    `ring_mib` (per
    interface), `fanout` (rings that share it), `record` (file for all packets and ticks, as pcapng: replayed, it gives
    the same) or `capture_dir` with `capture_quota_mib` (the same, in files that
    roll), `evidence_mib` (0: none), `evidence_before_s`, `evidence_after_s`. Unknown keys are refused.
    `rules` is what `RuleSet.to_core_json()` gives. `baseline` is a compiled table; without it, rules that need one and
    everything learned are off. `values` is what `learned_values` gave beside that baseline.

    `state` is what `snapshot` gave before a restart: nothing that was seen then is new, open folds go on. What rules,
    baseline and segment do not have any more is left out.

    Raises:
        ValueError: settings, rules, filter, baseline or state cannot be read; the message says where.
    """

    def __new__(
        cls,
        config: str,
        rules: str | None = None,
        baseline: bytes | None = None,
        state: bytes | None = None,
        values: bytes | None = None,
    ) -> Engine: ...
    def open_files(self, paths: Sequence[str | PathLike[str]]) -> None:
        """Read capture files, merged by time; `-` is standard input. Raises OSError with one clear line."""

    def open_interfaces(self, names: Sequence[str]) -> list[str]:
        """Capture live; returns a line per interface whose offloads are on. Raises OSError with one clear line."""

    def poll(self, max_packets: int = 1_000_000, timeout_ms: int = 200, snapshot: bool = False) -> Batch:
        """What was found since the last poll. Batch edges never change a result.

        Files are read here, up to `max_packets`. From the wire a thread of the core reads all the time, whatever its
        caller does meanwhile; then this comes back after `timeout_ms`, or when a batch is full (so much may wait, and
        while more does, packets stay in the kernel's ring). With `snapshot` the batch has its `state`.

        Raises:
            OSError: the input failed. `finish` has what was found until then.
        """

    def reload(self, rules: str, baseline: bytes | None = None, values: bytes | None = None) -> dict[str, int]:
        """Go on with these rules and this baseline, from one packet to the next; no packet is lost.

        What did not change goes on: alerts of rules that are the same, the rhythm of polls that are, conversations,
        windows, learning. Folds of rules that are gone are closed. May be called from another thread than `poll`:
        compiling does not hold it up. Returns `generation`, `received` (packets before it), `now_ns`, and how many
        rules were `kept`, `added`, `removed` (a changed rule is both); the ledger lists the latest as `reloads`.

        Raises:
            ValueError: rules or baseline cannot be read; the message says where. Nothing has changed.
        """

    def suppressed(self) -> list[tuple[str, str, int]]:
        """Hits that filters of the site took out so far: filter, rule id and how many."""

    def snapshot(self) -> bytes:
        """Stations and links seen, open folds, rhythms, unfinished learning: the `state` of the engine after a restart.

        Equal state gives equal bytes. What waits to be polled is not in it: while the wire is read, ask `poll` for it.
        """

    def open_folds(self) -> list[int]:
        """Numbers (`Hit.fold`) of the folds of which more will be told."""

    @property
    def generation(self) -> int:
        """0 for the rules the engine was made with, one more with each reload; see `Hit.generation`."""

    def stop(self) -> None:
        """Ask the input to end: the polls that follow read what a capture ring still holds, then say done."""

    def finish(self) -> Batch:
        """Stop here: what is held is accounted for, open folds are closed and told."""

    def learned(self) -> bytes:
        """The compiled table of what was learned. Once. Raises RuntimeError without `learn`."""

    def learning(self, whole: bool = False) -> str | None:
        """How far learning is, as JSON; None without `learn`, and after `learned`.

        `from_ns`, `to_ns`, `stretch_ns` and `stretches` (what occasions are counted in), `rows`, `inputs`, `meters` by
        kind (`links`, `operations`, `objects`) with `seen`, `once`, `twice` (things seen in one stretch, in two),
        `occasions`, `late` (new in the last quarter of the time), and `links` with meters of their own: the hundred
        known least, or with `whole` all, each with everything on it and when and where it was seen.
        """

    def set_shadow(
        self, baseline: bytes | None, values: bytes | None = None, families: Sequence[str] = ...
    ) -> None:
        """Try a compiled table, with what its `values` are like, beside the one that counts, from now on; None: none.

        Of `families` (`links`, `operations`, `objects`, `orders`, `rhythms`, `values`) of the baseline that counts
        nothing is told any more, but counted with the trial. What was counted begins anew.

        Raises:
            ValueError: it cannot be read, or there is no such family; what was tried goes on.
        """

    def shadowed(self) -> str | None:
        """What is tried would have told so much so far, as JSON; None: nothing is.

        `candidate` (another baseline is tried), `families`, `messages` held against it, `found` (a row a fold: tried
        (`candidate`, `family`), cause, segment, client, server, protocol, alerts, messages,
        first_ns, last_ns, frame, input, params), `uncounted` (deviations beyond what is listed), `inputs`.
        """

    def learned_values(self) -> bytes:
        """What values were like, as JSON (`values` of another engine). Once. Raises RuntimeError without `learn`."""

    def tick(self, ts_ns: int) -> None:
        """No packet before that time. The capture does this by itself."""

    def inputs(self) -> list[dict[str, Any]]:
        """For each input: name, received, dropped_kernel, cut, late, transmitted, nic_dropped."""

    def recording(self) -> dict[str, int]:
        """The rolling capture: written, lost, thinned, thinned_bytes, deleted, used_bytes. Empty without one."""

    @property
    def flows(self) -> int: ...

@final
class Batch:
    @property
    def hits(self) -> list[Hit]: ...
    @property
    def news(self) -> list[News]: ...
    @property
    def windows(self) -> Windows: ...
    @property
    def assets(self) -> Assets: ...
    @property
    def ledger(self) -> dict[str, Any]:
        """received, bytes, parsed, skipped {reason: n}, lost {place: n}, held, events, hits, balanced, notes,
        reloads [{generation, received, now_ns, kept, added, removed}]."""

    @property
    def events(self) -> bytes:
        """NDJSON or CSV of every message, when asked for."""

    @property
    def columns(self) -> list[Columns]:
        """Every message as rows, when asked for: batches that are full, and at the end what is left."""

    @property
    def listing(self) -> bytes:
        """NDJSON of every single hit, when asked for."""

    @property
    def slices(self) -> list[Slice]:
        """Packets around new alerts, complete since the last poll; only with `evidence_mib`."""

    @property
    def warnings(self) -> list[str]: ...
    @property
    def now_ns(self) -> int: ...
    @property
    def done(self) -> bool: ...
    @property
    def state(self) -> bytes | None:
        """As of this batch, when it was asked for; see `Engine.snapshot`."""

@final
class Columns:
    """Rows of messages, a column a field: `pyarrow.record_batch(columns)`, or whatever takes Arrow without a copy.

    The base fields, then for each protocol that was seen (or asked for with `protocols`) all of its fields. Whole
    numbers are 64 bits wide, times nanoseconds in UTC, addresses and texts dictionary-encoded UTF-8, bytes binary.
    """

    def __len__(self) -> int: ...
    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]: ...
    def __arrow_c_schema__(self) -> object: ...

@final
class Parquet:
    """A Parquet file from batches of columns. What it gives is to be written in that order, nothing else between.

    A row group has at most so many rows, and about so many bytes, encoded and compressed, which wait in memory. A batch
    may have columns that none before it had: they are empty in what came before.
    """

    def __new__(cls, group_rows: int = ..., group_bytes: int = ...) -> Parquet: ...
    def put(self, columns: Columns) -> list[bytes]:
        """Bytes to write now: few, or a whole row group. The columns are gone from `columns` afterwards.

        Raises:
            ValueError: they were taken or read before, or the file is finished.
        """

    def finish(self) -> list[bytes]:
        """The rest of the file, once.

        Raises:
            ValueError: the file is finished.
        """

@final
class Hit:
    """A message that matched a rule or left the baseline, or a finding about time. Frozen."""

    @property
    def kind(self) -> str:
        """`first` (whole), `update` (count grew), `outcome` (the answer came), `close` (the next is a new alert)."""

    @property
    def fold(self) -> int: ...
    @property
    def id(self) -> str: ...
    @property
    def cause(self) -> str: ...
    @property
    def rule(self) -> int | None:
        """Index among the rules of `generation`."""

    @property
    def generation(self) -> int:
        """Of the rules that it was found with: those before a reload, or those after."""

    @property
    def first_ns(self) -> int: ...
    @property
    def last_ns(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def outcome(self) -> str: ...
    @property
    def segment(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def frame(self) -> int | None: ...
    @property
    def last_frame(self) -> int | None: ...
    @property
    def file(self) -> str: ...
    @property
    def last_file(self) -> str: ...
    @property
    def client(self) -> _Side | None: ...
    @property
    def server(self) -> _Side | None: ...
    @property
    def source(self) -> _Side | None: ...
    @property
    def destination(self) -> _Side | None: ...
    def fields(self) -> dict[str, Any]:
        """Of the first message, as `otus events` prints them, one object for all who ask; empty on later hits."""

    def params(self) -> dict[str, Any]: ...

@final
class Slice:
    """The packets of one conversation around the one that raised an alert, both directions. Frozen."""

    @property
    def fold(self) -> int:
        """`Hit.fold` of its alert."""

    @property
    def cause(self) -> str: ...
    @property
    def ts_ns(self) -> int:
        """Of the packet that raised the alert; so `file` (or interface) and `frame`."""

    @property
    def file(self) -> str: ...
    @property
    def frame(self) -> int: ...
    @property
    def packets(self) -> int: ...
    @property
    def first_ns(self) -> int: ...
    @property
    def last_ns(self) -> int: ...
    @property
    def reaches_back_ns(self) -> int: ...
    @property
    def reaches_back_packets(self) -> int: ...
    @property
    def before(self) -> str:
        """Why it begins there: `beginning` (of the conversation), `packets`, `bytes`, `time`, `overwritten`."""

    @property
    def after(self) -> str:
        """Why it ends there: `packets`, `bytes`, `time`, `budget`, `end` (of the input)."""

    @property
    def pcapng(self) -> bytes:
        """The whole file; the packet that raised the alert carries a comment."""

@final
class News:
    @property
    def kind(self) -> str: ...
    @property
    def segment(self) -> str: ...
    @property
    def ip(self) -> str: ...
    @property
    def mac(self) -> str | None: ...
    @property
    def vlan(self) -> int | None: ...
    @property
    def server(self) -> str | None: ...
    @property
    def port(self) -> int | None: ...
    @property
    def protocol(self) -> str | None: ...
    @property
    def ts_ns(self) -> int: ...

@final
class Windows:
    """Closed windows: a row per conversation and window, ordered by end, segment, client and server in a batch.

    Columns, beside the counts that explain themselves: `unanswered` (requests of the window before that got no answer
    until the end of this one), `bytes_mean` (of all messages), `operations` (different ones, at most 64), `objects`
    (different ones touched: exact up to 50, an estimate above), `writes` (requests that write, control or carry
    programs), `latency_median_ms`, `interval_mean_ms` and `interval_std_ms` (between requests), `operation_entropy`
    (bits), `sessions` (requests that open, log in or close), `peak` (messages in the busiest eighth of the window),
    `retransmissions` (packets), `gap_bytes` (never seen).
    """

    def __len__(self) -> int: ...
    @property
    def columns(self) -> list[str]:
        """Names of the matrix's columns; as `features()`."""

    @property
    def matrix(self) -> bytes:
        """Row-major float64: `numpy.frombuffer(w.matrix).reshape(-1, len(w.columns))`."""

    @property
    def starts(self) -> bytes:
        """Where each row's window begins, in nanoseconds: `numpy.frombuffer(w.starts, numpy.uint64)`."""

    @property
    def ends(self) -> bytes: ...
    def segments(self) -> list[str]: ...
    def clients(self) -> list[str]: ...
    def servers(self) -> list[str]: ...
    def protocols(self) -> list[str]: ...
    def keys(self) -> list[tuple[str, str, str, str, int, int]]:
        """For each row: segment, client, server, protocol, start and end in nanoseconds."""

@final
class Assets:
    """Closed windows: a row per station (segment, address) and window, the sum of its conversations.

    Columns: `messages`, `bytes`, `peers` (different stations it spoke with), `new_peers` (not spoken with in the window
    before), `protocols`, `requests_as_client`, `requests_as_server`, `failures` (answers that refuse, given or got),
    `writes` (sent or received), `retransmissions`, `gap_bytes`, `peak`, `operation_entropy`.
    """

    def __len__(self) -> int: ...
    @property
    def columns(self) -> list[str]:
        """Names of the matrix's columns; as `asset_features()`."""

    @property
    def matrix(self) -> bytes:
        """As `Windows.matrix`."""

    @property
    def starts(self) -> bytes: ...
    @property
    def ends(self) -> bytes: ...
    def segments(self) -> list[str]: ...
    def addresses(self) -> list[str]: ...
    def keys(self) -> list[tuple[str, str, int, int]]:
        """For each row: segment, IP address, start and end in nanoseconds."""

@final
class Forest:
    """An isolation forest, compiled (`detectors.anomaly.compiled.compiled` of one of scikit-learn's). Frozen.

    Liu, Ting, Zhou: Isolation Forest, ICDM 2008.

    Raises:
        ValueError: the bytes are no forest, damaged, or of a format this version does not read; one line says what.
    """

    def __new__(cls, data: bytes) -> Forest: ...
    @property
    def width(self) -> int:
        """Features of a row."""

    @property
    def trees(self) -> int: ...
    def score(self, matrix: bytes) -> bytes:
        """Row-major float64 in (`array.tobytes()`, `width` columns), a float64 for each row out: how unusual it is.

        From 0 to 1, about 0.5 and less is ordinary: -`IsolationForest.score_samples`, to the last digit but one. Values
        are compared as float32; a NaN goes where the forest sends it. May be called from several threads at a time.

        Raises:
            ValueError: the bytes are no whole rows.
        """

def look(path: str | PathLike[str], number: int) -> dict[str, Any] | None:
    """The headers of packet `number` (from 1) of a capture file, read without an engine; None: it ends before.

    ts_ns, wire_bytes, captured_bytes, offset, link, ethertype, vlan, source, destination, transport (number), ports;
    `around`: tunnels and tags around it, outermost first, each {kind, id} and where it has them qfi, vlan, addresses;
    `skipped` (why it is no frame of ours), or MACs, payload_bytes, missing_bytes and, for TCP, sequence,
    acknowledgement and flags.
    """

def fields() -> list[tuple[str, str, bool]]: ...
def protocols() -> list[tuple[str, list[str], list[str], list[int]]]: ...
def describe(text: str) -> str:
    """Take up a protocol's description (JSON, see docs/own-protocols.md) for as long as this process lives; its name.

    Raises:
        ValueError: which part is wrong and how, or that another protocol has the name.
    """

def skip_reasons() -> list[str]: ...
def loss_places() -> list[str]: ...
def features() -> list[str]: ...
def asset_features() -> list[str]: ...
def check_filter(expression: str) -> None: ...
def baseline_to_json(table: bytes) -> str: ...
def baseline_from_json(text: str) -> bytes: ...
def values_from_json(text: str) -> bytes:
    """What somebody made of `learned_values`, checked and in order: the same content gives the same bytes.

    Raises:
        ValueError: one line; of what is no JSON of that shape it ends with line and column.
    """
