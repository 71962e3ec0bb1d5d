"""`otus`: every command, one clear line for everything that goes wrong, no traceback."""

from __future__ import annotations

import logging
import os
import sys

import click

from otus import (
    baseline,
    config,
    console,
    demo,
    evaluate,
    events,
    evidence,
    explain,
    range,
    replay,
    rules,
    sensor,
    store,
    version,
)


class Commands(click.Group):
    """Lists commands in the order a person meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("-v", "--verbose", is_flag=True, help="Say more about what is going on. / 输出更多运行信息。")
def otus(verbose: bool) -> None:
    """Otus 角鸮: listens to the network of a plant and tells what is wrong.

    角鸮：旁路监听工业网络，发现异常并说明原因。
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="otus: %(message)s", stream=sys.stderr
    )


for command in (
    demo.demo,
    sensor.sensor,
    replay.replay,
    events.events,
    evidence.evidence,
    explain.explain,
    baseline.baseline,
    rules.rules,
    evaluate.evaluate,
    range.range_,
    console.console,
    store.store,
    config.config,
    version.version,
):
    otus.add_command(command)


def main() -> int:
    """Run the command line; the exit code is 0, 1 (it did not work) or 2 (it was called wrongly)."""
    try:
        # Not otus.main(): it makes exit code 1 of a reader that went away, and 0 of a command that asked for another.
        with otus.make_context("otus", sys.argv[1:]) as context:
            otus.invoke(context)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("otus: interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing more to say, and no complaint at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ModuleNotFoundError as error:
        from otus.extras import missing

        line = missing(error)
        if line is None:
            raise
        click.echo(f"otus: {line}", err=True)
        return 1
    except (OSError, ValueError, RuntimeError) as error:
        if os.environ.get("OTUS_TRACEBACK"):
            raise
        for line in (_said(error) or type(error).__name__).splitlines():
            click.echo(f"otus: {line}", err=True)
        return 1
    return 0


def _said(error: Exception) -> str:
    from otus.outputs import reason

    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return f"{os.fsdecode(error.filename)}: {reason(error)}" if error.filename else reason(error)


if __name__ == "__main__":
    sys.exit(main())
