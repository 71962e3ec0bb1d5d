"""Where `otus events` writes: text, an Arrow stream, a Parquet file. A file has its name when it is whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from otus.outputs import reason
from otus.widening import Widener

if TYPE_CHECKING:
    from sensor._core import Batch

WRITTEN_AT_ONCE = 256 << 10
"""bytes: file systems that take memory for their cache as large as what is written (ext4 does since Linux 6.16) are
several times slower from a megabyte on than they are here"""


class Table(Protocol):
    """Takes batches; `keep` makes the file what it is called, leaving without it takes it away."""

    rereads: bool
    """can take a table with more columns than the last: what was written is written again"""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None: ...
    def put(self, batch: Batch) -> None: ...
    def keep(self) -> None: ...


class Target:
    """A file under another name (`.part`) until it is whole. Standard output, a pipe or a device is written as it is:
    what went there is nobody's to take back, and a device is not to be replaced by a file."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.part: Path | None = None
        self.file: Any = sys.stdout.buffer
        if path is not None:
            with self.said():
                if not path.exists() or path.is_file():
                    path = path.resolve()  # a link goes on pointing at what is written
                    self.part = path.with_name(path.name + ".part")
                    self.path = path
                self.file = (self.part or path).open("wb")

    @contextmanager
    def said(self) -> Iterator[None]:
        """What the system refuses names the file and the way out; a reader that has gone is nobody's fault."""
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            raise ValueError(f"{self.path or 'standard output'}: cannot be written: {reason(error)}") from None

    def write(self, piece: bytes) -> None:
        view = memoryview(piece)
        with self.said():
            for start in range(0, len(view), WRITTEN_AT_ONCE):
                self.file.write(view[start : start + WRITTEN_AT_ONCE])

    def keep(self) -> None:
        with self.said():
            self.file.flush()
            if self.path is not None:
                self.file.close()
                if self.part is not None:
                    self.part.replace(self.path)
                self.part = None

    def drop(self) -> None:
        if self.part is not None:
            with suppress(OSError):  # the disk is full: what is left of it goes anyway
                self.file.close()
            self.part.unlink(missing_ok=True)


class Text:
    """Lines made in the core: NDJSON, CSV."""

    rereads = True

    def __init__(self, output: Path | None) -> None:
        self._target = Target(output)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._target.drop()

    def put(self, batch: Batch) -> None:
        self._target.write(batch.events)

    def keep(self) -> None:
        self._target.keep()


class Arrow:
    """An Arrow IPC stream. To a file the columns are those of the protocols that occur."""

    def __init__(self, output: Path | None) -> None:
        self._pyarrow = _pyarrow()
        self._target = Target(output)
        self.rereads = self._target.part is not None
        self._writer: Any = None
        self._schema: Any = None
        self._parts: list[Path] = []
        """written before a protocol was seen first, in their order"""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close_quietly()
        self._target.drop()
        for part in self._parts:
            part.unlink(missing_ok=True)

    def put(self, batch: Batch) -> None:
        for columns in batch.columns:
            record_batch = self._pyarrow.record_batch(columns)
            with self._target.said():
                if self._schema is None or self._schema.names != record_batch.schema.names:
                    self._begin(record_batch.schema)
                self._writer.write_batch(record_batch)

    def keep(self) -> None:
        with self._target.said():
            self._writer.close()
            self._writer = None
            if self._parts:
                self._join()
        self._target.keep()

    def _begin(self, schema: Any) -> None:
        """Open the file; or, when a protocol was seen first, go on in another part, with its columns too."""
        before, self._writer, self._schema = self._writer, None, schema
        if before is not None:
            before.close()
            self._set_aside()
        self._writer = self._open(self._target.file)

    def _set_aside(self) -> None:
        """What was written so far becomes a part; the file is empty again."""
        assert self._target.part is not None  # what cannot be read again has all its columns from the start
        self._target.file.close()
        part = self._target.part.with_name(f"{self._target.part.name}-{len(self._parts)}")
        self._target.part.replace(part)
        self._parts.append(part)
        self._target.file = self._target.part.open("wb")

    def _join(self) -> None:
        """All parts one after the other, once, each with the columns of the last."""
        self._set_aside()
        self._writer = self._open(self._target.file)
        widener = Widener(self._pyarrow, self._schema)
        for part in self._parts:
            for record_batch in self._read(part):
                self._writer.write_batch(widener.widened(record_batch))
            part.unlink()
        self._writer.close()
        self._writer = None

    def _close_quietly(self) -> None:
        if self._writer is not None:
            with suppress(OSError, self._pyarrow.ArrowInvalid):  # it is thrown away, or its reader has gone
                self._writer.close()
            self._writer = None

    def _open(self, file: Any) -> Any:
        options = self._pyarrow.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
        return self._pyarrow.ipc.new_stream(file, self._schema, options=options)

    def _read(self, path: Path) -> Iterator[Any]:
        with self._pyarrow.OSFile(str(path)) as file:
            yield from self._pyarrow.ipc.open_stream(file)


class Parquet:
    """A Parquet file, made in the core. Columns of a protocol that is seen late are written at the end."""

    rereads = True

    def __init__(self, output: Path | None) -> None:
        from sensor._core import Parquet as Writer

        self._target = Target(output)
        self._writer = Writer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._target.drop()

    def put(self, batch: Batch) -> None:
        for columns in batch.columns:
            self._write(self._writer.put(columns))

    def keep(self) -> None:
        self._write(self._writer.finish())
        self._target.keep()

    def _write(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            self._target.write(piece)


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.ipc
    except ImportError:
        raise ValueError(
            "arrow needs pyarrow: pip install 'otus[columns]' (parquet, csv and ndjson need nothing)"
        ) from None
    return pyarrow
