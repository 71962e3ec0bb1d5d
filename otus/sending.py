"""`otus console send-pack`: a signed rule pack, or the word to take one back, on its way down from this console."""

from __future__ import annotations

import getpass
import io
import secrets
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from otus.console_options import DATA, REGISTRY


@click.command("send-pack")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@DATA
@REGISTRY
@click.option("--node-name", default="console", show_default=True, help="This node's name, as in console run.")
@click.option("--keys", type=click.Path(path_type=Path), help="Public keys; it is verified before it is sent.")
@click.option("--to", "names", multiple=True, metavar="NODE", help="A child or sensor; repeat. Default: all below.")
@click.option("--rollback", metavar="NAME@VERSION", help="Instead of a FILE: have that version taken back.")
@click.option("--text", required=True, help="Why, and what is in it, for whoever gets it.")
@click.option("--person", help="Who sends it; default: who is logged in.")
def send_pack(
    file: Path | None, data_dir: Path, registry: str | None, node_name: str, keys: Path | None, names: tuple[str, ...],
    rollback: str | None, text: str, person: str | None,
) -> None:  # fmt: skip
    """Send a rule pack down the line; each site verifies its signature itself.

    向下级平台和探针下发签名规则包，或要求回退；各单位自行验签。
    """
    from console.nodes import Nodes
    from console.opening import open_console_registry, open_console_store
    from console.settings import ConsoleSettings
    from sensor.schema import Record
    from sensor.schema.words import Kind

    body = _body(file, keys, rollback, text, person or getpass.getuser(), names)
    settings = ConsoleSettings(data_dir=data_dir, registry=registry, node_name=node_name)
    with closing(open_console_registry(settings)) as opened:
        known = {node.name for node in Nodes(opened).list() if node.revoked_ns is None}
        if unknown := sorted(set(names) - known):
            raise click.UsageError(f"no node {', '.join(unknown)} is enrolled here")
        store = open_console_store(opened, settings)
        record = Record(str(Kind.PACK), secrets.token_hex(16), 1, node_name, body.to_json())
        try:
            store.issue(record)
        finally:
            store.close()
    what = "taken back" if rollback else "sent"
    click.echo(f"{body.name} {body.version} is {what}: order {record.id}, to {', '.join(names) or 'all below'}")


def _body(
    file: Path | None, keys: Path | None, rollback: str | None, text: str, person: str, names: tuple[str, ...]
) -> Any:
    from sensor.schema.order import MAX_PERSON, Step
    from sensor.schema.pack_order import PackOrder, packed

    if (file is None) == (rollback is None):
        raise click.UsageError("name a pack, or --rollback NAME@VERSION")
    content = ""
    if file is not None:
        name, version = _verified(file, keys)
        content = packed(file.read_bytes())
        title = f"规则包 {name} {version}"
    else:
        name, at, version = str(rollback).partition("@")
        if not at or not version:
            raise click.UsageError("--rollback NAME@VERSION, like plant-rules@2026.11.1")
        title = f"回退规则包 {name} {version}"
    now_ns = time.time_ns()
    steps = (Step(now_ns, person[:MAX_PERSON], "issued"),)
    to: dict[str, Any] = {"addressees": names} if names else {"all_below": True}
    return PackOrder(
        title=title, text=text, issued_ns=now_ns, steps=steps, name=name, version=version, content=content,
        rollback=file is None, **to,
    )  # fmt: skip


def _verified(file: Path, keys: Path | None) -> tuple[str, str]:
    """Name and version by its manifest, with the signature checked."""
    from detectors.packs import read_pack, trusted_keys
    from sensor import _core

    if keys is None:
        raise click.UsageError("name the folder of public keys: --keys; what is not verified is not sent")
    data = file.read_bytes()
    said = read_pack(io.BytesIO(data), len(data), trusted_keys(keys), _core.__version__).manifest
    return said.name, said.version
