"""`otus console`: one tier's console, its accounts and the nodes that report to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from otus.console_options import DATA, REGISTRY
from otus.sending import send_pack
from otus.site_options import own_protocols

if TYPE_CHECKING:
    from console.store.elastic import ElasticSettings

HOST = click.option(
    "--host",
    default="127.0.0.1",
    envvar="OTUS_CONSOLE_HOST",
    show_default=True,
    help="Address to listen on; beyond loopback with TLS.",
)
PORT = click.option("--port", type=int, default=8080, envvar="OTUS_CONSOLE_PORT", show_default=True)
CERTIFICATE = click.option("--tls-certificate", envvar="OTUS_CONSOLE_TLS_CERTIFICATE", type=click.Path(path_type=Path))
@click.group()
def console() -> None:
    """Run a console: enterprise, province or ministry. / 运行企业、省、部各级控制台。"""


console.add_command(send_pack)


@console.command()
@DATA
@click.option(
    "--tier", type=click.Choice(["enterprise", "province", "ministry"]), default="enterprise", show_default=True
)
@click.option("--node-name", default="console", show_default=True, help="This node's name, as its parent knows it.")
@click.option("--title", metavar="ZH", help="Whose console this is, as its users call it.")
@click.option("--title-en", metavar="EN", help="The same in English.")
@HOST
@PORT
@CERTIFICATE
@click.option("--tls-key", envvar="OTUS_CONSOLE_TLS_KEY", type=click.Path(path_type=Path))
@click.option("--keep-days", type=int, default=180, show_default=True, help="Keep alerts for so long; 180 or more.")
@click.option("--keep-free-mb", type=int, default=64, show_default=True, help="With less on its disk, accept nothing.")
@click.option("--parent", "parents", multiple=True, metavar="NAME=URL,TOKENFILE[,CAFILE]", help="Report to it; repeat.")
@REGISTRY
@click.option(
    "--store",
    type=click.Choice(["sqlite", "elasticsearch"]),
    default="sqlite",
    show_default=True,
    help="Where records are kept: a file in the data folder, or a cluster (docs/elasticsearch.md).",
)
@click.option("--url", "urls", multiple=True, metavar="URL", help="A node of the cluster; repeat for more of it.")
@click.option("--api-key-file", type=click.Path(path_type=Path), help="File with the API key for the cluster.")
@click.option("--ca-file", type=click.Path(path_type=Path), help="PEM of the authority of the cluster's certificate.")
@click.option("--prefix", default="otus", show_default=True, help="How the indices of this console begin.")
@click.option(
    "--period",
    "periods",
    multiple=True,
    metavar="KIND=PERIOD",
    help="How long an index reaches: incident, heartbeat or evidence = day, month, year or none; repeat.",
)
@click.option("--pack-keys", type=click.Path(path_type=Path), help="Public keys whose rule packs are trusted.")
@click.option("--pass-packs", is_flag=True, help="Pass a parent's rule packs on to the sensors without asking.")
@own_protocols
def run(
    data_dir: Path,
    registry: str | None,
    tier: str,
    node_name: str,
    title: str | None,
    title_en: str | None,
    host: str,
    port: int,
    tls_certificate: Path | None,
    tls_key: Path | None,
    keep_days: int,
    keep_free_mb: int,
    parents: tuple[str, ...],
    store: str,
    urls: tuple[str, ...],
    api_key_file: Path | None,
    ca_file: Path | None,
    prefix: str,
    periods: tuple[str, ...],
    pack_keys: Path | None,
    pass_packs: bool,
) -> None:
    """Serve one console until SIGTERM or Ctrl-C."""
    from console.cli import run_console
    from console.settings import ConsoleSettings
    from otus.parents import parent_of
    from sensor.schema import Text

    links = [parent_of(entry) for entry in parents]
    settings = ConsoleSettings(
        data_dir=data_dir,
        registry=registry,
        tier=tier,
        node_name=node_name,
        title=Text(title, title_en or title) if title else None,
        parents=tuple(parent.name for parent in links),
        bind_host=host,
        bind_port=port,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
        keep_days=keep_days,
        keep_free_mb=keep_free_mb,
        pack_keys=pack_keys,
        pass_packs=pass_packs,
        elasticsearch=cluster_of(store, urls, api_key_file, ca_file, prefix, periods, keep_days),
    )
    run_console(settings, links)


def cluster_of(
    store: str,
    urls: tuple[str, ...],
    api_key_file: Path | None,
    ca_file: Path | None,
    prefix: str,
    periods: tuple[str, ...],
    keep_days: int,
) -> ElasticSettings | None:
    """What was said of a cluster, or None for the embedded store."""
    if store == "sqlite":
        if urls or api_key_file or ca_file or periods:
            raise click.UsageError("--url, --api-key-file, --ca-file and --period go with --store elasticsearch")
        return None
    if not urls:
        raise click.UsageError("--store elasticsearch needs --url, like https://es.example.cn:9200")
    return cluster_settings(urls, api_key_file, ca_file, prefix, periods, keep_days)


def cluster_settings(
    urls: tuple[str, ...],
    api_key_file: Path | None,
    ca_file: Path | None,
    prefix: str,
    periods: tuple[str, ...],
    keep_days: int = 180,
) -> ElasticSettings:
    """A cluster, as the options of the command line name it."""
    from console.store.elastic import ElasticSettings

    chosen = {}
    for entry in periods:
        kind, _, period = entry.partition("=")
        chosen[kind] = period
    try:
        return ElasticSettings(urls, api_key_file, ca_file, prefix, chosen, keep_days=keep_days)
    except ValueError as error:
        raise click.UsageError("--" + str(error).replace("_", "-")) from None


@console.command()
@HOST
@PORT
@CERTIFICATE
def health(host: str, port: int, tls_certificate: Path | None) -> None:
    """Ask the console on this machine whether it answers; exit code 1 where it does not. / 控制台是否在正常应答。

    With a certificate it asks over TLS, and takes an answer from the holder of that certificate only.
    """
    from otus.console_health import ask

    click.echo(ask(host, port, tls_certificate))


@console.group()
def user() -> None:
    """Accounts of people. / 账号管理。"""


@user.command("add")
@DATA
@REGISTRY
@click.argument("name")
@click.option("--role", type=click.Choice(["admin", "analyst", "viewer"]), default="viewer", show_default=True)
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, envvar="OTUS_NEW_PASSWORD")
def add_user(data_dir: Path, registry: str | None, name: str, role: str, password: str) -> None:
    """Make an account. The password is asked for, or taken from OTUS_NEW_PASSWORD."""
    from console.cli import add_account
    from console.settings import ConsoleSettings

    add_account(ConsoleSettings(data_dir=data_dir, registry=registry), name, password, role)
    click.echo(f"{name}: {role}")


@user.command("end-sessions")
@DATA
@REGISTRY
@click.argument("name")
def end_user_sessions(data_dir: Path, registry: str | None, name: str) -> None:
    """Log an account out everywhere, at once."""
    from console.cli import end_sessions
    from console.settings import ConsoleSettings

    ended = end_sessions(ConsoleSettings(data_dir=data_dir, registry=registry), name)
    click.echo(f"{name}: {ended} sessions ended")


@console.group()
def node() -> None:
    """Sensors and consoles that report here. / 下级节点管理。"""


@node.command("add")
@DATA
@REGISTRY
@click.argument("name")
@click.option("--kind", type=click.Choice(["sensor", "console"]), default="sensor", show_default=True)
def add_node(data_dir: Path, registry: str | None, name: str, kind: str) -> None:
    """Enrol a node and print its token, once: keep it in a file that only that node can read."""
    from console.cli import enrol
    from console.settings import ConsoleSettings

    click.echo(enrol(ConsoleSettings(data_dir=data_dir, registry=registry), name, kind))


@console.command()
@DATA
@REGISTRY
def jobs(data_dir: Path, registry: str | None) -> None:
    """What is done every so often, by which process, and how it went. / 定时任务的执行情况。"""
    from datetime import datetime

    from console.cli import scheduled_jobs
    from console.settings import ConsoleSettings

    for job in scheduled_jobs(ConsoleSettings(data_dir=data_dir, registry=registry)):
        began = datetime.fromtimestamp(job.started_s).astimezone().isoformat(sep=" ")
        went = "running" if job.finished_s is None else job.error or "done"
        click.echo(f"{job.name}: every {job.every_s} s, last {began} by {job.holder}: {went}")


@console.command()
@DATA
@REGISTRY
@click.option("--store", type=click.Choice(["sqlite", "elasticsearch"]), default="sqlite", show_default=True)
@click.argument("parent")
def resend(data_dir: Path, registry: str | None, store: str, parent: str) -> None:
    """Send what PARENT refused once more, after the cause was repaired there or here. / 重新上报被上级退回的记录。"""
    from console.cli import resend as queue_again
    from console.settings import ConsoleSettings
    from console.store.elastic import ElasticSettings

    # Its queue stands in the registry, whichever cluster it is.
    cluster = ElasticSettings(()) if store == "elasticsearch" else None
    number = queue_again(ConsoleSettings(data_dir=data_dir, registry=registry, elasticsearch=cluster), parent)
    click.echo(f"{parent}: {number} records wait again")
