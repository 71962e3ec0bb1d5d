"""Text of strangers, whatever it is: an answer for every line, never an exception, never a file outside."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.imports.indicators import Bounds, Collected, files
from detectors.imports.indicators import tabular as csv_table
from detectors.imports.indicators.pattern import PatternError, alternatives
from detectors.imports.suricata import from_options, import_rules
from detectors.rules.vocabulary import vocabulary

WORDS = st.sampled_from(
    [
        "alert", "modbus", "tcp", "any", "->", "<>", "502", "[502,!503]", "$HOME_NET", "!10.0.0.0/8", "(", ")", ";",
        "\n", "\\\n",
        'msg:"a/../../b";', "sid:1;", "sid:2;", 'content:"|00 05|";', 'content:!"a";', "offset:7;", "depth:2;",
        "distance:0;",
        "within:1;", "nocase;", 'pcre:"/a+/i";', "http.uri;", "http_uri;", "dns.query;", "modbus: function 5;",
        "modbus: access write coils, address 5<>9;", "flowbits:set,a;", "flowbits:isset,a;", "byte_test:2,>,5,8;",
        "threshold:type both, track by_src, count 5, seconds 9;", "flow:to_server;", "#", '"', "\x1b[2J", "é", "\ud800",
    ]
)  # fmt: skip
HEAD = 'alert modbus any any -> any 502 (msg:"x"; '


@settings(max_examples=50, deadline=None)
@given(st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=200), st.booleans())
def test_any_signature_has_an_outcome(text: str, headed: bool) -> None:
    for outcome in import_rules([("x", HEAD + text + ")" if headed else text)], from_options([], None), vocabulary()):
        assert outcome.path or outcome.reason or outcome.state == "part"
        assert not outcome.path or (outcome.path.startswith("nursery/") and ".." not in outcome.path)


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="[]()='\\:,.abIN ORAD019*", max_size=80) | st.text(max_size=60))
def test_any_pattern_is_read_or_refused(text: str) -> None:
    try:
        found = alternatives(text)
    except PatternError as error:
        assert "\n" not in str(error) or "\n" in text
    else:
        assert all(terms for terms in found)


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet='ip,;\t|"\n1.:/abc[]#\0é', max_size=120) | st.text(max_size=120))
def test_any_table_is_read(text: str) -> None:
    collected = Collected()
    csv_table.read(text, "x", collected, Bounds(datetime(2026, 11, 27, tzinfo=UTC)))
    for path in files(collected, "x", "low", "2026-11-27", ["x"], vocabulary()):
        assert ".." not in path and not path.startswith("/")


def test_many_lines_take_a_time_that_grows_with_them() -> None:
    """Ten times as many signatures and rows take about ten times as long, not a hundred times."""
    known, bounds = vocabulary(), Bounds(datetime(2026, 11, 27, tzinfo=UTC))

    def taken(count: int) -> float:
        rules = "".join(f'{HEAD}content:"|05|"; offset:7; depth:1; sid:{number + 1};)\n' for number in range(count))
        rows = "".join(f"10.{number % 200}.{number // 200}.7,x\n" for number in range(count * 20))
        start = time.process_time()
        assert len(import_rules([("x", rules)], from_options([], None), known)) == count
        csv_table.read(rows, "x", Collected(), bounds)
        return time.process_time() - start

    taken(10)
    assert taken(300) < 40 * max(taken(30), 0.005)
