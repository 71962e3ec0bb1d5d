"""What loading says: every problem of every file at once, with its line and the way out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detectors.rules import RuleError, load_rules
from detectors.rules.document import MAX_BYTES

SOUND = """\
title: A Rule
level: low
protocol: modbus
detection:
  selection:
    modbus.function_code|in: [5, 0x06]
    client.ip|cidr: 10.1.2.3/8
  condition: selection
"""


def _load(tmp_path: Path, text: str, name: str = "rule.yml") -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    load_rules(tmp_path)


def _with(line: str, instead: str) -> str:
    assert line in SOUND
    return SOUND.replace(line, instead)


SELECTION = "    modbus.function_code|in: [5, 0x06]\n"

PROBLEMS = [
    (_with("title: A Rule\n", ""), 1, "no title"),
    (_with("level: low", "level: hihg"), 2, "unknown level hihg; did you mean high?"),
    (_with("level: low", "level: informational"), 2, "did you mean notice?"),
    (_with("protocol: modbus", "protocol: modbsu"), 3, "unknown protocol modbsu; did you mean modbus?"),
    (_with(SELECTION, "    modbus.fc: 5\n"), 6, "unknown field modbus.fc; did you mean modbus.function_code?"),
    (_with(SELECTION, "    modbus.adress: 5\n"), 6, "did you mean modbus.address?"),
    (_with(SELECTION, "    s7comm.rosctr: 1\n"), 6, "s7comm.rosctr never occurs in modbus"),
    (_with(SELECTION, "    file.name: a.pcap\n"), 6, "where a capture was made"),
    (_with(SELECTION, "    modbus.address|inn: 5\n"), 6, "unknown operator inn"),
    (_with(SELECTION, "    modbus.address|contains: 5\n"), 6, "|contains does not apply; these do: in, gte"),
    (_with(SELECTION, "    modbus.address|in|gte: 5\n"), 6, "one operator per field"),
    (_with(SELECTION, "    modbus.address: five\n"), 6, "modbus.address is a number, 'five' is not"),
    (_with(SELECTION, "    modbus.address: -1\n"), 6, "can never be its value"),
    (_with(SELECTION, "    modbus.address: true\n"), 6, "is a number"),
    (_with(SELECTION, "    modbus.address:\n"), 6, "ask for a missing field with |exists: false"),
    (_with(SELECTION, "    modbus.address: []\n"), 6, "an empty list fits nothing"),
    (_with(SELECTION, "    modbus.address|exists: 1\n"), 6, "takes true or false"),
    (_with(SELECTION, "    modbus.function_name: 5\n"), 6, "write '5' in quotes"),
    (_with(SELECTION, "    modbus.function_name|contains: ''\n"), 6, "an empty text is in every text"),
    (_with(SELECTION, "    modbus.data: xyz\n"), 6, "write hex digits"),
    (_with(SELECTION, "    client.ip: 10.0.0.0/8\n"), 6, "is a network; use |cidr"),
    (_with(SELECTION, "    server.ip|cidr: 10.0.0.0/40\n"), 6, "is not a network like 10.0.0.0/8"),
    (_with(SELECTION, "    flaws: modbus.lenght\n"), 6, "unknown flaw modbus.lenght; did you mean modbus.bad_length?"),
    (_with(SELECTION, "    flaws: s7comm.bad_length\n"), 6, "unknown flaw s7comm.bad_length"),
    (_with("condition: selection", "condition: selction"), 8, "unknown selection selction; did you mean selection?"),
    (_with("condition: selection", "condition: selection and"), 8, "ends where a selection was expected"),
    (_with("condition: selection", "condition: (selection"), 8, "a ( is not closed"),
    (_with("condition: selection", "condition: 2 of them"), 8, "use 1 of or all of"),
    (_with("condition: selection", "condition: 1 of filter_*"), 8, "no selection fits filter_*"),
    (_with("condition: selection", "condition: selection selection"), 8, "expected and, or, or the end"),
    (_with("  condition: selection\n", ""), 4, "needs a condition"),
    (SOUND + "id: 17\n", 9, "id must be text"),
    (SOUND + "id: abc\n", 9, "is not a UUID"),
    (SOUND + "tags: [attack.ics.t8]\n", 9, "written attack.ics.t0855"),
    (SOUND + "status: new\n", 9, "unknown status new"),
    (SOUND + "fold: [modbus.fc]\n", 9, "fold: unknown field modbus.fc"),
    (SOUND + "fold: [flaws]\n", 9, "no single value to fold by"),
    (SOUND + "advice: look\n", 9, "must have a text in zh and one in en"),
    (SOUND + "examples:\n  - {pcap: a.pcap}\n", 10, "an example is {pcap: PATH"),
    (SOUND + "title: Again\n", 9, "title stands here twice; the first is in line 1"),
    (SOUND + "a: &x 1\n", 9, "anchors and aliases are not used"),
    (SOUND + "a: !!python/object:os.system 1\n", 9, "is not used in rules"),
    (SOUND + "---\na: 1\n", 9, "a second document"),
    (SOUND + "a: " + "[" * 40 + "]" * 40 + "\n", 9, "nested deeper"),
    (SOUND + "a: [1\n", 10, "not YAML"),
    (SOUND + "\tb: 1\n", 9, "not YAML"),
    ("", 1, "empty; a rule needs title"),
    ("- a\n", 1, "a rule is a map"),
    ("[" * 100_000, 1, "nested deeper"),
    ("#" * MAX_BYTES + "\n", 1, "larger than"),
]


@pytest.mark.parametrize(("text", "line", "message"), PROBLEMS, ids=range(len(PROBLEMS)))
def test_a_problem_is_named_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        _load(tmp_path, text)
    found = [(problem.line, problem.message) for problem in caught.value.problems]
    assert any(at == line and message in said for at, said in found), found


def test_the_sound_rule_is_sound(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(SOUND, encoding="utf-8")
    rule = load_rules(tmp_path)[0]
    assert rule.fold == ("client.ip", "server.ip")
    assert not rule.needs_baseline
    same = load_rules(tmp_path / "rule.yml")[0]
    assert rule.id == same.id  # made from the title: the same on every machine
    condition = json.loads(load_rules(tmp_path).to_core_json())["rules"][0]["condition"]
    assert condition["and"][0]["test"]["values"] == [5, 6]
    assert condition["and"][1]["test"]["values"] == ["10.0.0.0/8"]


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(SOUND.replace("level: low", "level: hihg").replace("modbus.f", "modbus.g"), "utf-8")
    (tmp_path / "b.yml").write_bytes(b"title: \xff\xfe\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.yml").write_text("- a\n", encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_rules(tmp_path)
    places = [(problem.path.name, problem.line) for problem in caught.value.problems]
    assert places == [("a.yml", 2), ("a.yml", 6), ("b.yml", 1), ("c.yml", 1)]
    assert str(caught.value).splitlines()[0].startswith(f"{tmp_path / 'a.yml'}:2: unknown level hihg")


def test_titles_and_ids_are_unique(tmp_path: Path) -> None:
    given = "id: 0d9f6f0e-7a3c-4a43-9a52-0d7f7b0d3c11\n"
    (tmp_path / "a.yml").write_text(SOUND + given, encoding="utf-8")
    (tmp_path / "b.yml").write_text(SOUND.replace("A Rule", "Another") + given, encoding="utf-8")
    (tmp_path / "c.yml").write_text(SOUND.replace("A Rule", "a rule"), encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_rules(tmp_path)
    assert [(problem.path.name, problem.message.split()[0]) for problem in caught.value.problems] == [
        ("b.yml", "id"),
        ("c.yml", "title"),
    ]


def test_an_empty_or_missing_folder_is_said(tmp_path: Path) -> None:
    for path, message in ((tmp_path, "no *.yml rule"), (tmp_path / "none", "no such file or folder")):
        with pytest.raises(RuleError, match=r"name a folder|no \*\.yml") as caught:
            load_rules(path)
        assert message in str(caught.value)


def test_a_rule_on_links_needs_a_baseline(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(_with(SELECTION, "    link.known: false\n"), encoding="utf-8")
    assert load_rules(tmp_path)[0].needs_baseline
