"""The API key of a console, read again when its file changes: a key is exchanged while the console runs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elastic_transport import Transport, TransportApiResponse

from console.store import StoreError

log = logging.getLogger(__name__)


def read_key(path: Path) -> str:
    """The encoded key that a file holds.

    Raises:
        StoreError: it cannot be read, or holds none.
    """
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: the API key cannot be read: {error}") from None
    if not key or any(letter.isspace() for letter in key):
        raise StoreError(f"{path}: holds no API key; it is one word, the `encoded` of what Elasticsearch answered")
    return key


class KeyFile:
    """The key that a file holds now. While the file holds none, as in the middle of its being written, the last one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key = read_key(path)
        self._seen = self._stamp()
        self._said = ""

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()  # a few microseconds, before each request
        except OSError:
            return None
        return found.st_ino, found.st_ctime_ns, found.st_size

    def key(self) -> str:
        stamp = self._stamp()
        if stamp == self._seen:
            return self._key
        try:
            key = read_key(self._path)
        except StoreError as error:
            # Looked at again with the next request: what makes it readable need not change its stamp.
            if self._said != str(error):
                self._said = str(error)
                log.warning("%s; going on with the key that stood there", error)
            return self._key
        self._seen, self._said = stamp, ""
        if key != self._key:
            self._key = key
            log.info("%s: going on with the new API key", self._path)
        return key


class KeyedTransport(Transport):
    """Every request carries the key that its file holds at that moment."""

    def __init__(self, *arguments: Any, keys: KeyFile, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._keys = keys

    def perform_request(  # type: ignore[override]
        self, method: str, target: str, *, headers: Mapping[str, str], **options: Any
    ) -> TransportApiResponse:
        headers = {**headers, "authorization": f"ApiKey {self._keys.key()}"}
        return super().perform_request(method, target, headers=headers, **options)
