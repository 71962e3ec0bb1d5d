"""The pages under docs/protocols are those that the list of fields makes."""

from __future__ import annotations

import pytest

from sensor.schema.pages import PAGES, pages


@pytest.mark.drift
def test_the_pages_are_up_to_date() -> None:
    made = pages()
    assert {path.name for path in PAGES.glob("*.md")} == set(made), "run: make schema"
    assert [name for name, text in made.items() if (PAGES / name).read_text("utf-8") != text] == [], "run: make schema"


def test_a_page_names_every_field_and_flaw() -> None:
    page = pages()["arp.md"]
    assert "RFC 826" in page and "| `arp.sender_ip` | ip | 发送方 IP" in page
    assert "| `arp.group_sender` | 发送方为组地址 | Group address as sender |" in page
    assert "[s7comm](s7comm.md)" in pages()["cotp.md"]
