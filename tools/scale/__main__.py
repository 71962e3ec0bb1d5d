"""`python -m tools.scale`: a province's year of incidents into each store, and the console's questions to it.

With the whole ten million it writes docs/scale.md. The disk must have room: some 3 KB an incident and store. With
`--keep` it can be stopped, or killed, and the same command goes on; a store that was measured is not measured again.
`--more` adds to a store that was kept and measured, by an older version perhaps, and says how fast that went; `--ask`
puts the questions to it again.
`--page` writes the page from folders that were kept; a store that did not take all ten million says so there.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from console import collector
from console.store import StoreError
from tools.bench import machine
from tools.bench.table import Table
from tools.scale import page, servers
from tools.scale.incidents import Batch, batches, heartbeats
from tools.scale.load import Filled, Rate, fill
from tools.scale.progress import OtherLoad, Progress
from tools.scale.province import Province, make
from tools.scale.questions import Answered, ask_all

ENTERPRISES, TIMES = 30_000, 200
ROOM_BYTES = 3_500
A_MILLION = 1_000_000
"""Records of which a rate is told: the first quarter of them brings a large file's indices back into memory."""
SAID_EVERY = 200
"""batches"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.scale", description=__doc__)
    parser.add_argument("--incidents", type=int, default=page.WHOLE)
    parser.add_argument("--enterprises", type=int, default=ENTERPRISES)
    parser.add_argument("--stores", default=",".join(servers.STORES), help=f"some of: {', '.join(servers.STORES)}")
    parser.add_argument("--times", type=int, default=TIMES, help="each question is asked")
    parser.add_argument("--folder", type=Path, help="where the stores are made (the system's temporary folder)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make the stores there, and leave them there")
    parser.add_argument("--more", type=int, metavar="INCIDENTS", help="after the year, into a store that was kept")
    parser.add_argument("--ask", action="store_true", help="put the questions again to a store that was kept")
    parser.add_argument("--page", type=Path, nargs="+", metavar="FOLDER", help="measure nothing, write docs/scale.md")
    parser.add_argument("--json", type=Path, default=page.JSON, help="where figures go (build/scale.json)")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.page:
        return write_page(options.page)
    wanted = options.stores.split(",")
    if unknown := [name for name in wanted if name not in servers.STORES]:
        print(f"scale: no store {', '.join(unknown)}; there are: {', '.join(servers.STORES)}", file=sys.stderr)
        return 2
    if options.incidents < 1 or options.enterprises < 1 or options.times < 1:
        print("scale: incidents, enterprises and times are numbers from 1", file=sys.stderr)
        return 2
    if options.more is not None and (options.more < 1 or options.keep is None):
        print("scale: --more is a number from 1, and goes with --keep", file=sys.stderr)
        return 2
    if options.ask and options.keep is None:
        print("scale: --ask goes with --keep", file=sys.stderr)
        return 2
    needed, free = _room(options, len(wanted))
    if free < needed:
        print(f"scale: {needed / 1e9:.0f} GB are needed, {free / 1e9:.0f} are free; --folder", file=sys.stderr)
        return 1
    facts, tables = machine.facts(), list[Table]()
    for name in wanted:
        with _folder(options) as folder:
            try:
                table = measure(name, folder, options.incidents, options.enterprises, options.times)
                if options.ask and table is not None:
                    table = ask_again(name, folder, options.incidents, options.enterprises, options.times)
                if options.more is not None and table is not None:
                    table = grow(name, folder, options.incidents, options.enterprises, options.more)
            except (OtherLoad, StoreError) as error:
                print(f"scale: {error}", file=sys.stderr)
                return 2
        if table is not None:
            tables.append(table)
            print(f"\n{table.text()}\n", flush=True)
    page.write_json(options.json, facts, tables)
    if options.incidents >= page.WHOLE and len(tables) == len(servers.STORES):
        page.write(facts, tables)
        print(f"written: {page.PAGE}")
    return 0


def write_page(folders: list[Path]) -> int:
    try:
        tables = page.kept(folders)
    except (OSError, ValueError) as error:
        print(f"scale: {error}", file=sys.stderr)
        return 1
    page.write(machine.facts(), tables)
    print(f"written: {page.PAGE}")
    return 0


def _room(options: argparse.Namespace, stores: int) -> tuple[int, int]:
    """Bytes that are still needed, and free."""
    if options.keep is None:
        return options.incidents * ROOM_BYTES, shutil.disk_usage(options.folder or tempfile.gettempdir()).free
    options.keep.mkdir(parents=True, exist_ok=True)
    if options.more is not None:
        return options.more * ROOM_BYTES * stores, shutil.disk_usage(options.keep).free
    there = sum(path.stat().st_size for path in options.keep.rglob("*") if path.is_file())
    return options.incidents * ROOM_BYTES * stores - there, shutil.disk_usage(options.keep).free


@contextmanager
def _folder(options: argparse.Namespace) -> Iterator[Path]:
    if options.keep is not None:
        yield options.keep
        return
    with tempfile.TemporaryDirectory(prefix="otus-scale-", dir=options.folder) as folder:
        yield Path(folder)


def measure(name: str, folder: Path, incidents: int, enterprises: int, times: int) -> Table | None:
    province = make(enterprises)
    every = min(A_MILLION, max(incidents // 10, 1))
    began = time.monotonic()

    def progress(done: int, rate: Rate) -> None:
        minutes = (time.monotonic() - began) / 60
        here, there = rate.costs_us
        took = f"{here:.0f} + {there:.0f} µs of processor time each"
        print(f"{name}: {done:,} records, {rate.per_second:,.0f} a second, {took}, {minutes:.1f} min", flush=True)

    reason = servers.missing(name)
    if reason:
        print(f"{name} skipped: {reason}", flush=True)
        return None
    state = Progress(folder / f"{name}.progress.json", {"incidents": incidents, "enterprises": enterprises})
    if (measured := state.table()) is not None:
        return measured
    collector.settle()  # as the console does
    with servers.STORES[name](folder) as store:

        def part(what: str, made: Iterator[Batch], said: Callable[[int, Rate], None]) -> Rate:
            begun = state.filled(what)
            if begun.records:
                print(f"{name}: goes on after {begun.records:,} records, which are made again", flush=True)

            return fill(store.store, made, said, every, store.server_s, begun, lambda filled: state.note(what, filled))

        part("heartbeats", heartbeats(province), lambda done, rate: None)
        rate = part("incidents", batches(province, incidents), progress)
        store.settle()
        answers = _answers(state, store, province, times)
        table = page.table(name, incidents, enterprises, rate, answers, store.sizes())
        if store.asked_before:
            table = page.asked(table, answers, incidents, store.asked_before)
        state.finish(table)
        return table


def ask_again(name: str, folder: Path, incidents: int, enterprises: int, times: int) -> Table:
    state = Progress(folder / f"{name}.progress.json", {"incidents": incidents, "enterprises": enterprises})
    table = state.table()
    assert table is not None
    with servers.STORES[name](folder) as store:
        there = store.store.totals()
        answers = _answers(state, store, make(enterprises), times)
        table = page.asked(table, answers, there.incidents, store.asked_before)
    state.finish(table, state.grown())
    return table


def _answers(state: Progress, store: servers.Measured, province: Province, times: int) -> list[Answered]:
    """Each is written down as it comes: stopped or killed, the same command asks the others only."""
    known, found = state.answers(), list[Answered]()
    for answer in ask_all(store.store, province, times, store.asked_before, known):
        if answer.name not in known:
            state.answered(answer)
            print(f"{answer.name}: {answer.median_ms:.1f} ms, {answer.p99_ms:.1f} at p99", flush=True)
        found.append(answer)
    return found


def grow(name: str, folder: Path, incidents: int, enterprises: int, more: int) -> Table:
    """Go on behind the year, and write down how fast that went beside what was measured before."""
    state = Progress(folder / f"{name}.progress.json", {"incidents": incidents, "enterprises": enterprises})
    table = state.table()
    assert table is not None
    before = incidents + state.grown()
    part = f"after {before}"
    collector.settle()
    with servers.STORES[name](folder) as store:
        there = store.store.totals()
        print(f"{name}: {there.records:,} records are there, {there.incidents:,} incidents", flush=True)

        def note(filled: Filled) -> None:
            state.note(part, filled)
            if filled.batches % SAID_EVERY == 0:
                so_far = filled.since
                here, _ = so_far.costs_us if so_far.records else (0.0, 0.0)
                rate = so_far.per_second if so_far.records else 0.0
                print(f"{name}: {filled.records:,} more, {rate:,.0f} a second, {here:.0f} µs each", flush=True)

        made = batches(make(enterprises), more, before)
        rate = fill(store.store, made, lambda *said: None, A_MILLION, store.server_s, state.filled(part), note)
        store.settle()
    table = page.grown(table, rate, state.filled(part).records, there.records, there.incidents)
    state.finish(table, before + more - incidents)
    return table


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("scale: stopped; what was to be kept stays, the same command goes on from there", file=sys.stderr)
        sys.exit(130)
