"""From every earlier version to this one, on both engines; and what is refused, with nothing changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, create_engine, inspect, text

from console.registry import RegistryNewer, RegistryUnfinished, migrate, open_registry, queue_tables
from console.registry.database import _begin_sqlite, _durable
from console.registry.migrate import FOLDER, VERSION_TABLE, versions
from console.registry.tables import metadata
from console.store.elastic.tables import journal
from federation import spool_schema, spool_tables
from federation.queue import Verdict
from tests.federation.line_records import alert
from tests.federation.queues import written


@pytest.fixture
def engine(registry_url: URL) -> Iterator[Engine]:
    from sqlalchemy import event

    made = create_engine(registry_url)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _durable)
        event.listen(made, "begin", _begin_sqlite)
    yield made
    made.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


@pytest.mark.parametrize("version", versions())
def test_every_version_becomes_this_one(engine: Engine, version: str) -> None:
    migrate.migrate(engine, version)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO account (name, password, role, created_s, epoch) VALUES ('wang', 'x', 'admin', 1, 7)")
        )
    migrate.migrate(engine)
    assert journal.metadata is metadata, "the tables of Elasticsearch's store are among those compared"
    with engine.begin() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True, "target_metadata": metadata}
        )
        assert compare_metadata(context, metadata) == []
        assert connection.execute(text("SELECT name, epoch FROM account")).all() == [("wang", 7)]
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).all() == [(versions()[-1],)]


def test_the_file_names_tell_the_order_that_alembic_walks() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    walked = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert walked[::-1] == versions()


def test_opening_again_changes_nothing(registry_url: URL, engine: Engine) -> None:
    open_registry(registry_url).close()
    before = tables(engine)
    open_registry(registry_url).close()
    assert tables(engine) == before == {*metadata.tables, VERSION_TABLE}


def test_a_newer_registry_is_refused(registry_url: URL, engine: Engine) -> None:
    open_registry(registry_url).close()
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(
        RegistryNewer, match=r"registry version 9999, this one reads \d{4}\); start that version"
    ) as told:
        open_registry(registry_url)
    assert "\n" not in str(told.value)
    with engine.begin() as connection:
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one() == "9999"


@pytest.mark.parametrize(
    "damage",
    [
        f"DROP TABLE {VERSION_TABLE}",
        f"DELETE FROM {VERSION_TABLE}",
        "DROP TABLE attempt",
        f"UPDATE {VERSION_TABLE} SET version_num = '0001'",
    ],
    ids=["no version table", "no version", "a table is missing", "tables of a later version"],
)
def test_half_a_migration_or_restore_is_refused(registry_url: URL, engine: Engine, damage: str) -> None:
    open_registry(registry_url).close()
    with engine.begin() as connection:
        connection.execute(text(damage))
    before = tables(engine)
    with pytest.raises(RegistryUnfinished, match="restore the backup") as told:
        open_registry(registry_url)
    assert "\n" not in str(told.value)
    assert tables(engine) == before


def test_a_step_that_breaks_half_way_leaves_nothing(
    registry_url: URL, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a process killed in the middle of a step: both engines undo the tables it made."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for path in [FOLDER / "env.py", *(FOLDER / "versions").glob("r*.py")]:
        (folder / path.relative_to(FOLDER)).write_text(path.read_text())
    migrate.migrate(engine)
    (folder / "versions" / "r9000_breaks.py").write_text(
        f"from alembic import op\nimport sqlalchemy as sa\nrevision, down_revision = '9000', '{versions()[-1]}'\n"
        "def upgrade():\n    op.create_table('half', sa.Column('x', sa.Text))\n    raise KeyboardInterrupt\n"
    )
    with monkeypatch.context() as newer:
        newer.setattr(migrate, "FOLDER", folder)
        with pytest.raises(KeyboardInterrupt):
            migrate.migrate(engine)
    assert "half" not in tables(engine)
    open_registry(registry_url).close()


def test_what_waited_for_the_parents_in_the_tables_of_before_goes_on_waiting(registry_url: URL, engine: Engine) -> None:
    migrate.migrate(engine, "0005")
    if engine.dialect.name != "sqlite":
        pytest.skip("these tables were SQLite's only")
    file = Path(str(registry_url.database))
    with closing(sqlite3.connect(file, isolation_level=None)) as old:
        spool_schema.create(old)
        spool_tables.add_parents(old, ["miit", "wxb"])
        spool_tables.append(old, [alert(number) for number in range(1, 6)])
        spool_tables.answer(old, "miit", [Verdict(item) for item in spool_tables.take(old, "miit", 2, 10**6)], 7)
        first, second = spool_tables.take(old, "wxb", 2, 10**6)
        spool_tables.answer(old, "wxb", [Verdict(first), Verdict(second, "no")], 8)
        before = {name: spool_tables.take(old, name, 500, 10**6) for name in ("miit", "wxb")}
    with closing(open_registry(registry_url)) as registry, registry.transaction() as connection:
        assert {name: queue_tables.take(connection, name, 500, 10**6) for name in ("miit", "wxb")} == before
        assert queue_tables.waiting_bytes(connection) == sum(len(item.body) for item in before["wxb"])
        assert [letter.reason for letter in queue_tables.dead_letters(connection, 10)] == ["no"]
        assert queue_tables.state_of(connection, "wxb").refused == 1
        assert queue_tables.append(connection, written([alert(1), alert(5, revision=2), alert(9)])) == 2
        waiting = [item.key for item in queue_tables.take(connection, "wxb", 500, 10**6)]
        assert waiting == [alert(3).key, alert(4).key, alert(5, revision=2).key, alert(9).key]
    assert not {name for name in tables(engine) if name.startswith("spool")}
