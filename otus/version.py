"""`otus version`."""

import platform

import click


@click.command()
def version() -> None:
    """Versions of Otus, its core and what they run on. / 版本信息。"""
    from sensor import _core

    click.echo(f"otus {_core.__version__}  python {platform.python_version()}  {platform.machine()}")
