"""Every text is there in both languages, is used, and nothing else is said on a page."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from markupsafe import Markup

import console
from console import catalogue
from console.catalogue import entries, load, say, say_html

ROOT = Path(console.__file__).parent
TEMPLATES = sorted((ROOT / "templates").glob("*.html"))
SOURCES = [*(ROOT / "views").glob("*.py"), *(ROOT / "present").glob("*.py"), *ROOT.glob("*.py")]
HAN = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
# Both languages call them so.
SAME_IN_BOTH = {"frame.brand", "frame.language_zh"}
# Keys whose last part is a code: they are asked for as `"prefix" + code`.
CODES = ("code.", "operation.", "technique.", "feature.", "reason.", "reason_frame.", "ledger.skip.", "ledger.loss.",
         "message.", "verdict.", "error.", "refused.reason_", "story.", "account.", "login.", "ledger.", "incident.do_",
         "preview.action_", "preview.level_", "overview.kpi_children_", "overview.title_", "overview.chart_",
         "frame.tier_", "frame.menu_children_", "frame.language_", "incidents.", "storage.",
         "notices.do_", "notices.again_", "notices.problem_", "notices.about_",
         "stories.do_", "suppressions.wrong_",
         "baseline.role_", "baseline.tab_", "baseline.problem_", "baseline.asked_",
         "baseline.refused_", "baseline.widen_", "baseline.value_")  # fmt: skip


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(entries()))
def test_entry_is_whole(key: str) -> None:
    entry = entries()[key]
    assert entry.zh.strip() and entry.en.strip()
    assert placeholders(entry.zh) == placeholders(entry.en)
    if entry.en_one is not None:
        assert placeholders(entry.en_one) <= placeholders(entry.en)
    if key not in SAME_IN_BOTH:
        assert not HAN.search(entry.en), "an English text has Chinese in it"


def test_there_is_a_real_catalogue() -> None:
    assert len(entries()) > 400


def test_what_templates_ask_for_is_there() -> None:
    asked = set()
    for path in TEMPLATES:
        found = re.findall(r"""\bth?\(\s*["']([\w.]+)["']\s*[,)]""", path.read_text("utf-8"))
        asked |= {(path.name, key) for key in found}
    assert len(asked) > 100
    assert not sorted((name, key) for name, key in asked if key not in entries())


def test_what_code_asks_for_is_there() -> None:
    asked = set()
    for path in SOURCES:
        found = re.findall(r"""\bsay(?:_html)?\(\s*"([\w.]+)"\s*,""", path.read_text("utf-8"))
        asked |= {(path.name, key) for key in found}
    assert len(asked) > 20
    assert not sorted((name, key) for name, key in asked if key not in entries())


def test_no_text_is_left_over() -> None:
    everything = "\n".join(path.read_text("utf-8") for path in [*TEMPLATES, *SOURCES])
    unused = [
        key
        for key in entries()
        if not key.startswith(CODES) and not re.search(f"[\"']{re.escape(key)}[\"']", everything)
    ]
    assert not unused


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_say_nothing_themselves(path: Path) -> None:
    """Text stands in the catalogue: between tags, and in attributes a person reads, are only expressions."""
    source = path.read_text("utf-8")
    assert not HAN.search(source)
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", source, flags=re.S)
    texts = re.findall(r">([^<>]*)<", bare)
    assert not [text for text in texts if re.search(r"[A-Za-z]{2}", text)]
    spoken = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', bare)
    assert not [text for text in spoken if re.search(r"[A-Za-z]", text)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_code_says_nothing_itself(path: Path) -> None:
    """Chinese stands in comments, docstrings and the tiers' own names only."""
    code = re.sub(r'""".*?"""|#.*', "", path.read_text("utf-8"), flags=re.S | re.M)
    code = re.sub(r"#[^\n]*", "", code)
    if path.name != "settings.py":
        assert not HAN.search(code)


def test_no_inline_style_or_script() -> None:
    """The pages' policy forbids both."""
    for path in TEMPLATES:
        source = path.read_text("utf-8")
        assert not re.search(r"\sstyle=|<style|\son\w+=", source), path.name
        assert not re.search(r"<script(?![^>]*\bsrc=)", source), path.name
        assert not re.search(r"""(?:src|href)="(?:https?:)?//""", source), path.name


def test_one_is_one() -> None:
    assert say("incident.times", "en", n=1) == "once"
    assert say("incident.times", "en", n=41208) == "41,208 times"
    assert say("incident.times", "zh", n=41208) == "共 41,208 次"


def test_html_escapes_what_is_put_in() -> None:
    said = say_html("refused.reason_too_large", "en")
    assert isinstance(said, Markup)
    assert say_html("frame.updated", "en", time="<b>") == "As of &lt;b&gt;"
    assert say_html("frame.updated", "en", time=Markup("<b>")) == "As of <b>"


def test_missing_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("frame.no_such_text", "zh")


def test_a_file_with_one_language_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.yml").write_text("good: [好, good]\nhalf: [半]\nodd: text\n", "utf-8")
    with pytest.raises(ValueError, match=r"page.yml: half: .*\n.*page.yml: odd: "):
        load(tmp_path)


def test_languages() -> None:
    assert catalogue.LANGUAGES[0] == catalogue.DEFAULT_LANGUAGE == "zh"
