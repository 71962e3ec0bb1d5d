"""`otus store` as its user has it."""

from __future__ import annotations

import json
from pathlib import Path

from console.store import open_store
from tests.federation.line_records import alert
from tests.otus.test_cli import otus


def make(folder: Path) -> None:
    store = open_store(folder / "store.sqlite")
    store.merge([alert(number) for number in range(50)], "plant")
    store.expire(0)
    store.close()


def test_health_backup_restore_check_and_sizes(tmp_path: Path) -> None:
    here, saved = tmp_path / "here", tmp_path / "saved.sqlite"
    here.mkdir()
    make(here)
    shown = otus("store", "health", "--data-dir", here)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "kept / 保存: 180 d" in shown.stdout and "incidents, others / 删除: 0, 0" in shown.stdout
    assert json.loads(otus("store", "health", "--json", "--data-dir", here).stdout)["keep_days"] == 180
    done = otus("store", "backup", "--data-dir", here, saved)
    assert done.returncode == 0 and "50 incidents" in done.stdout
    done = otus("store", "restore", "--data-dir", here, saved)
    assert done.returncode == 0 and "what it replaced is" in done.stdout
    assert otus("store", "check", "--data-dir", here).stdout == "everything agrees / 一致\n"
    sizes = otus("store", "sizes", "--data-dir", here).stdout
    assert sizes.endswith("50 incidents\n") and "search (full text)" in sizes


def test_what_goes_wrong_is_one_line(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "store.sqlite.damaged-20261120T060000Z").write_bytes(b"x")
    shown = otus("store", "health", "--data-dir", tmp_path)
    assert shown.returncode == 1 and "! 数据库文件曾损坏" in shown.stdout
    text = tmp_path / "text"
    text.write_text("no store")
    store = open_store(tmp_path / "store.sqlite")
    for arguments, said in (
        (["health", "--data-dir", tmp_path / "no"], "there is no store here"),
        (["check", "--data-dir", tmp_path / "no"], "there is no store here"),
        (["sizes", "--data-dir", tmp_path / "no"], "there is no store here"),
        (["backup", "--data-dir", tmp_path / "no", tmp_path / "x"], "there is no store here"),
        (["backup", "--data-dir", tmp_path, text], "exists already"),
        (["restore", "--data-dir", tmp_path / "new", text], "damaged"),
        (["restore", "--data-dir", tmp_path / "new", tmp_path / "none"], "there is no such file"),
        (["restore", "--data-dir", tmp_path, text], "in use by a running console; stop it first"),
    ):
        shown = otus("store", *arguments)
        assert shown.returncode == 1 and said in shown.stderr and len(shown.stderr.splitlines()) == 1, shown.stderr
    store.close()
