"""Signatures of Suricata and Snort, imported: what each comes to, and that it fires on what it is about and on
nothing else.

All signatures here were written for these tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from detectors.imports.suricata import Outcome, Variables, from_options, import_rules
from detectors.imports.suricata.importing import read_files, save
from detectors.rules import load_rules
from testbed.pcapfile import Frame, write
from tests.detectors.imports.traffic import dns, http, modbus, s7
from tests.rules_replay import core, hits_of

HEAD = 'alert {} any any -> any {} (msg:"x"; {} sid:1;)'


def one(text: str, variables: Variables | None = None) -> Outcome:
    outcomes = import_rules([("x.rules", text)], variables or from_options([], None))
    assert len(outcomes) == 1, outcomes
    return outcomes[0]


def detection(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(outcome.text)["detection"]
    return found


Make = Callable[..., list[Frame]]
ROUND_TRIPS: list[tuple[str, str, Make, Sequence[str], Sequence[str]]] = [
    # what, signature, captures that it is about, captures that it is not about
    ("function", HEAD.format("modbus", "any", "modbus: function 22;"), modbus, ["16 0004 00f2 0025"], ["06 0004 0025"]),
    ("category", HEAD.format("modbus", "any", "modbus: function user;"), modbus, ["41 01"], ["03 0000 0001"]),
    ("not a category", HEAD.format("modbus", "any", "modbus: function !assigned;"), modbus, ["63 01"],
     ["03 0000 0001"]),
    ("sub-function", HEAD.format("modbus", "any", "modbus: function 8, subfunction 4;"), modbus, ["08 0004 0000"],
     ["08 0002 0000"]),
    # 10 counted from 1 is 9 on the wire; the request for registers 6 to 9 touches it, that for 6 to 8 does not
    ("address touched", HEAD.format("modbus", "any", "modbus: access write holding, address 10;"), modbus,
     ["10 0006 0004 08 0001 0002 0003 0004"], ["10 0006 0003 06 0001 0002 0003"]),
    ("address of one", HEAD.format("modbus", "any", "modbus: access write coils, address 10;"), modbus,
     ["05 0009 ff00"],
     ["05 000a ff00"]),
    ("address of function 23", HEAD.format("modbus", "any", "modbus: access write holding, address 10;"), modbus,
     ["17 0000 0001 0009 0001 02 0005"], ["17 0009 0001 0000 0001 02 0005"]),
    ("range of addresses", HEAD.format("modbus", "any", "modbus: access read holding, address 100<>110;"), modbus,
     ["03 006c 0001"], ["03 006d 0001"]),
    ("value", HEAD.format("modbus", "any", "modbus: access write holding, address 2, value >200;"), modbus,
     ["06 0001 00c9"],
     ["06 0001 00c8"]),
    ("unit", HEAD.format("modbus", "any", "modbus: unit 1, function 3;"), modbus, ["03 0000 0001"], ["04 0000 0001"]),
    ("snort words", HEAD.format("tcp", "502", "modbus_func:write_multiple_coils;"), modbus, ["0f 0013 000a 02 cd01"],
     ["05 0013 ff00"]),
    ("bytes at their places", HEAD.format("tcp", "502", 'flow:to_server,established; content:"|00 00|"; offset:2; '
     'depth:2; '
     'content:"|08|"; offset:7; depth:1; content:"|00 01|"; distance:0; within:2;'), modbus, ["08 0001 0000"],
     ["08 0002 0000"]),
    # the answer to a write begins as its request; that to a read has the number of its bytes there
    ("an answer", HEAD.format("tcp", "any", 'flow:to_client; content:"|06|"; offset:7; depth:1; content:"|00 02|"; '
     "distance:0; within:2;").replace("any any -> any any", "any 502 -> any any"), modbus, ["06 0002 0001"],
     ["06 0001 0002"]),
    ("both ways", 'alert modbus 10.77.2.11 any <> 10.77.2.101 any (msg:"x"; modbus: function 5; sid:1;)', modbus,
     ["05 0001 ff00"], ["06 0001 0000"]),
    ("byte_test", HEAD.format("tcp", "502", 'content:"|03|"; offset:7; depth:1; byte_test:2,>,120,10;'), modbus,
     ["03 0000 0079"], ["03 0000 0078"]),
    ("negated", HEAD.format("tcp", "502", 'content:"|05|"; offset:7; depth:1; content:!"|00 09|"; offset:8; depth:2; '
     "flow:to_server;"), modbus, ["05 0008 ff00"], ["05 0009 ff00"]),
    # digits that YAML would take for a number
    ("bytes like a number", HEAD.format("tcp", "502", 'content:"|00 08 00 09|";'), modbus, ["06 0008 0009"],
     ["06 0009 0008"]),
    ("bytes like a power", HEAD.format("tcp", "502", 'content:"|10 e5 00|";'), modbus, ["06 0010 e500"],
     ["06 0001 0010"]),
    ("bytes anywhere", HEAD.format("tcp", "502", 'content:"|de ad|"; content:"|be ef|"; distance:0; within:2;'), modbus,
     ["06 dead beef"], ["06 beef dead"]),
    ("s7 by bytes", HEAD.format("tcp", "102", 'content:"|32 01|"; offset:7; depth:2; content:"|29|"; offset:17; '
     'depth:1;'),
     s7, ["29 0000000000 09 505f50524f4752414d"], ["28 0000 0000 0000 fd 0000 09 505f50524f4752414d"]),
    ("host", HEAD.format("http", "any", 'http.host; content:"bad.example"; http.method; content:"POST";'), http,
     ["POST /a HTTP/1.1\r\nHost: Bad.Example\r\nContent-Length: 0\r\n\r\n"],
     ["GET /a HTTP/1.1\r\nHost: bad.example\r\n\r\n"]),
    ("older http", HEAD.format("tcp", "80", 'content:"/setup.cgi"; http_uri; nocase;'), http,
     ["GET /Setup.CGI?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"], ["GET /a HTTP/1.1\r\nHost: setup.cgi\r\n\r\n"]),
    ("expression", HEAD.format("http", "any", r'http.uri; pcre:"/^\/(a|b)[0-9]{2}\.cgi$/i";'), http,
     ["GET /B17.CGI HTTP/1.1\r\nHost: a\r\n\r\n"], ["GET /b1.cgi HTTP/1.1\r\nHost: a\r\n\r\n"]),
    ("names below a name", HEAD.format("dns", "any", 'dns.query; content:".bad.example"; nocase; endswith;'), dns,
     ["a.BAD.example"], ["bad.example.org"]),
    ("a name and those below", HEAD.format("dns", "any", 'dns.query; dotprefix; content:".bad.example"; endswith;'),
    dns,
     ["bad.example"], ["notbad.example"]),
    ("count", HEAD.format("tcp", "502", 'content:"|06|"; offset:7; depth:1; '
     "threshold:type both, track by_src, count 3, seconds 5;"), modbus, ["06 0001 0001"] * 3, ["06 0001 0001"] * 2),
]  # fmt: skip


@pytest.mark.parametrize(("what", "text", "make", "about", "other"), ROUND_TRIPS, ids=[trip[0] for trip in ROUND_TRIPS])
def test_a_signature_fires_on_what_it_is_about(
    what: str, text: str, make: Make, about: Sequence[str], other: Sequence[str], tmp_path: Path
) -> None:
    core()
    # Requests only: an answer that repeats its request is no second hit.
    text = text.replace("sid:1;", "flow:to_server; sid:1;") if what == "count" else text
    outcome = one(text)
    save([outcome], tmp_path / "rules")
    rules = load_rules(tmp_path / "rules", nursery=True).to_core_json()
    found = []
    for name, content in (("about", about), ("other", other)):
        write(tmp_path / f"{name}.pcap", make(*content))
        found.append(len(hits_of(tmp_path / f"{name}.pcap", rules)))
    assert found[0] >= 1 and found[1] == 0, (found, outcome.text)


def test_a_mark_of_one_rule_is_what_another_waits_for(tmp_path: Path) -> None:
    core()
    text = (
        'alert modbus any any -> any any (msg:"a"; modbus: function 8, subfunction 1; '
        "flowbits:set,m; flowbits:noalert; sid:1;)\n"
        'alert modbus any any -> any any (msg:"b"; modbus: access write holding; flowbits:isset,m; sid:2;)\n'
    )
    outcomes = import_rules([("x.rules", text)], from_options([], None))
    assert [outcome.state for outcome in outcomes] == ["part", "without"]
    save(outcomes, tmp_path / "rules")
    rules = load_rules(tmp_path / "rules", nursery=True).to_core_json()
    write(tmp_path / "in_order.pcap", modbus("08 0001 0000", "06 0001 0001"))
    write(tmp_path / "other_way.pcap", modbus("06 0001 0001", "08 0001 0000"))
    assert len(hits_of(tmp_path / "in_order.pcap", rules)) == 1
    assert len(hits_of(tmp_path / "other_way.pcap", rules)) == 0


SAID = [
    # signature, state, words of what is said of it
    (HEAD.format("tcp", "502", 'content:"|08|"; offset:7; depth:1; dsize:>200;'), "without", "dsize:>200", "broader"),
    (HEAD.format("tcp", "502", 'content:"|de ad be|"; offset:9; depth:20;'), "without", "its place in the message",
    "broader"),
    (HEAD.format("tcp", "502", 'content:"|08|"; offset:7; depth:1; content:!"|aa bb|"; offset:9;'), "without",
     "its place in the message", "narrower"),
    (HEAD.format("tcp", "502", 'content:"|08|"; offset:7; depth:1; pcre:"/x+/";'), "without",
     "expressions look at texts",
     "broader"),
    (HEAD.format("tcp", "502", 'content:"|08|"; offset:7; depth:1; byte_jump:2,4;'), "without", "byte_jump", "broader"),
    (HEAD.format("tcp", "502", 'content:"|08|"; offset:7; depth:1; flowbits:isset,nobody;'), "without",
     "no imported rule",
     "broader"),
    (HEAD.format("tcp", "502", 'content:"abcdefgh"; nocase; content:"|08|"; offset:7; depth:1;'), "without",
     "upper and lower case", "broader"),
    (HEAD.format("http", "any", 'http.uri; pcre:"/a(?=b)/"; http.host; content:"x.example";'), "without", "(?",
    "broader"),
    (HEAD.format("http", "any", 'http.cookie; content:"x"; http.host; content:"x.example";'), "without", "http.cookie",
     "broader"),
    (HEAD.format("modbus", "any", "modbus: access write coils, address 500;"), "without", "of several coils",
    "broader"), (HEAD.format("tcp", "4444", ""), "without", "when the conversation ends", "later"),
    ('alert modbus !10.0.0.1 any <> any any (msg:"x"; modbus: function 5; sid:1;)', "without", "in both directions",
     "narrower"),
    (HEAD.format("tcp", "any",
    'flow:to_client; content:"|03|"; offset:7; depth:1; content:"|00 02|"; offset:8; depth:2;')
     .replace("any any -> any any", "any 502 -> any any"), "without", "its place in the message", "broader"),
    ('alert modbus $PLANT any -> any any (msg:"x"; modbus: function 5; sid:1;)', "without", "$PLANT: has no value",
    "broader"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "state", "words", "effect"), SAID, ids=[row[2] for row in SAID])
def test_what_could_not_be_said_is_told(text: str, state: str, words: str, effect: str) -> None:
    outcome = one(text)
    assert outcome.state == state
    assert any(words in str(remark) and remark.effect == effect for remark in outcome.remarks), outcome
    said = yaml.safe_load(outcome.text)
    assert "Not as there" in said["description"] and words.split("(")[0].strip() in said["description"]
    if effect == "broader":
        assert said["falsepositives"] != ["Unknown"] and "fires on more" in str(outcome)


REFUSED = [
    (HEAD.format("tcp", "any", 'content:"abc";'), "neither its header nor its ports name one"),
    (HEAD.format("dnp3", "any", "dnp3_func:cold_restart;"), "not yet: dnp3 is no protocol here"),
    (HEAD.format("enip", "any", "cip_service:7;"), "not yet: enip is no protocol here"),
    (HEAD.format("tcp", "[80,502]", 'content:"abc";'), "several protocols: http, modbus"),
    (HEAD.format("tcp", "502", "dsize:>200;"), "what told it from other traffic could not be said"),
    (HEAD.format("tcp", "any", ""), "it fits every conversation"),
    ('pass tcp any any -> any 502 (msg:"x"; content:"a"; sid:1;)', "filters of the site"),
    (HEAD.format("modbus", "any", "modbus: function many;"), "function many is not known"),
    (HEAD.format("modbus", "any", "modbus: access write coils, address 0;"), "count from 1"),
    (HEAD.format("tcp", "502", 'content:"|0g|";'), "is not hexadecimal"),
    (HEAD.format("tcp", "502", 'content:"|00";'), "a | that is not closed"),
    (HEAD.format("tcp", "502", 'content:"abc;'), "quotes"),
    (HEAD.format("tcp", "70000", 'content:"abc";'), "70000 is no port"),
    ('alert tcp 10.0.0.0/33 any -> any 502 (msg:"x"; content:"a"; sid:1;)', "10.0.0.0/33 is no address"),
    ('alert tcp any any -> any 502 (msg:"x"; content:"ab";)', "no sid"),
    ("alert tcp any any any 502 (sid:1;)", "its header is not"),
    ("whatever this is", "does not begin with an action"),
    ('# alert tcp any any -> any 502 (msg:"x"; content:"a"; sid:1;)', "switched off"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=[row[1][:40] for row in REFUSED])
def test_what_is_not_imported_says_why(text: str, reason: str) -> None:
    outcome = one(text)
    assert outcome.state in ("not", "off") and reason in outcome.reason and "\n" not in outcome.reason
    assert not outcome.path


def test_what_a_signature_says_about_itself() -> None:
    text = (
        'alert modbus [10.0.0.0/8,!10.9.0.0/16] any -> $PLANT !503 (msg:"Plant\\; \\"one\\""; modbus: function 5; '
        "classtype:attempted-admin; reference:cve,2020-1234; reference:url,example.org/a; "
        "metadata: mitre_technique_id T0855, created_at 2026; gid:7; sid:42; rev:3;)"
    )
    outcome = one(text, from_options(["PLANT=[192.0.2.0/24,198.51.100.7]"], None))
    said = yaml.safe_load(outcome.text)
    assert (outcome.state, said["title"], said["level"]) == ("whole", 'Plant; "one"', "high")
    assert said["tags"] == ["attack.ics.t0855"]
    assert said["references"] == ["https://nvd.nist.gov/vuln/detail/CVE-2020-1234", "https://example.org/a"]
    assert said["detection"]["selection"]["source.ip|cidr"] == "10.0.0.0/8"
    assert said["detection"]["selection"]["destination.ip|cidr"] == ["192.0.2.0/24", "198.51.100.7/32"]
    filters = [value for key, value in said["detection"].items() if key.startswith("filter")]
    assert {"source.ip|cidr": "10.9.0.0/16"} in filters and [{"destination.port": 503}] in filters
    newer = one(text.replace("rev:3", "rev:4").replace("Plant", "Works"))
    assert yaml.safe_load(newer.text)["id"] == said["id"], "the next revision is the same rule"
    other = one(text.replace("sid:42", "sid:43"))
    assert yaml.safe_load(other.text)["id"] != said["id"]


def test_files_with_many_rules(tmp_path: Path) -> None:
    """Lines that go on, rules over several lines, one that is never closed, a title and a number twice."""
    text = """
# what is in here
alert modbus any any -> any any ( \\
    msg:"Twice"; modbus: function 5; \\
    sid:1;)
alert modbus (
    msg:"Twice";
    # a remark
    modbus_func:6;
    sid:2;
)
alert tcp any any -> any 502 (msg:"never closed"; content:"a;
alert modbus any any -> any any (msg:"Behind it"; modbus: function 15; sid:3;)
alert modbus any any -> any any (msg:"Once more"; modbus: function 16; sid:3;)
"""
    outcomes = import_rules([("a.rules", text)], from_options([], None))
    assert [(outcome.line, outcome.state) for outcome in outcomes] == [
        (3, "whole"), (6, "whole"), (12, "not"), (13, "whole"), (14, "not")]  # fmt: skip
    assert "a second time" in outcomes[-1].reason
    save(outcomes, tmp_path)
    titles = [rule.title for rule in load_rules(tmp_path, nursery=True)]
    assert sorted(titles) == ["Behind it", "Twice", "Twice (2)"]


def test_variables_of_a_suricata_yaml(tmp_path: Path) -> None:
    file = tmp_path / "suricata.yaml"
    file.write_text(
        '%YAML 1.1\n---\nvars:\n  address-groups:\n    HOME_NET: "[10.0.0.0/8,!10.1.0.0/16]"\n    PLC: "$HOME_NET"\n'
        "  port-groups:\n    BUS_PORTS: 1502\n",
        encoding="utf-8",
    )
    variables = from_options(["BUS_PORTS=[1502,2502]"], file)
    assert variables.address_span("$PLC").unwanted == ("10.1.0.0/16",)
    assert variables.port_span("$BUS_PORTS").wanted == ((1502, 1502), (2502, 2502))
    for text, words in (("vars: 3", "no `vars`"), ("vars: [", "not YAML")):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=words) as error:
            from_options([], file)
        assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="write NAME=VALUE"):
        from_options(["HOME_NET"], None)


def test_a_variable_that_names_itself_ends() -> None:
    outcome = one(
        'alert modbus $A any -> any any (msg:"x"; modbus: function 5; sid:1;)',
        from_options(["A=$B", "B=[$A,10.0.0.1]"], None),
    )
    assert outcome.state == "not" and "deep" in outcome.reason


def test_bytes_that_are_no_text_and_words_that_steer_a_terminal(tmp_path: Path) -> None:
    """A file in another encoding: its bytes are looked for as they are, its message is shown without them."""
    file = tmp_path / "old.rules"
    file.write_bytes(b'alert tcp any any -> any 502 (msg:"\x1b[2J \xb5\xe7"; content:"\xb5\xe7\xd5\xa2"; sid:1;)\n')
    (outcome,) = import_rules(read_files([file]), from_options([], None))
    said = yaml.safe_load(outcome.text)
    assert said["title"] == "\ufffd[2J \ufffd\ufffd" and "\x1b" not in outcome.text
    assert said["detection"]["selection"]["message.bytes|contains"] == "b5e7d5a2"
