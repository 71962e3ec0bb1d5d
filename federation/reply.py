"""Reading a parent's answer. A parent is believed no more than a child: bounded, checked, one line where wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from sensor.schema import Key

REPLY_BYTES = 4 * 2**20
REASON_CHARACTERS = 300


@dataclass(frozen=True)
class Reply:
    """key → None where the record was stored or known, else the reason it was rejected for."""

    verdicts: Mapping[Key, str | None]


class Gone(Exception):
    """The batch as a whole was not taken."""

    def __init__(
        self, problem: str, *, needs_a_person: bool = False, too_large: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.needs_a_person = needs_a_person
        self.too_large = too_large
        self.retry_after_s = retry_after_s


def read_reply(response: httpx.Response) -> Reply:
    """The parent's answers for single records. Raises Gone for everything that is not one."""
    check_status(response)
    body = bounded(response)
    try:
        results = json.loads(body)["results"]
        verdicts = dict(_verdict(item) for item in results)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Gone("gave an answer that cannot be read; records are kept") from None
    return Reply(verdicts)


def check_status(response: httpx.Response) -> None:
    """Raises Gone for everything but 200."""
    status = response.status_code
    if status == 413:
        raise Gone("says the batch is too large", too_large=True)
    if status in (401, 403):
        raise Gone(
            f"does not know our credential ({status}): enrol this node there and set the new token; records are kept",
            needs_a_person=True,
        )
    if status == 409:
        raise Gone("reads only an older record schema (409): upgrade the parent; records are kept", needs_a_person=True)
    if status in (429, 503):
        raise Gone(f"is full or busy ({status}); records are kept", retry_after_s=_retry_after_s(response))
    if status >= 500:
        raise Gone(f"failed ({status}); records are kept", retry_after_s=_retry_after_s(response))
    if status != 200:
        raise Gone(f"answered {status}: is this the address of a console? records are kept", needs_a_person=True)


def _verdict(item: Mapping[str, object]) -> tuple[Key, str | None]:
    origin, record_id, revision, status = item["origin"], item["id"], item["revision"], item["status"]
    if not isinstance(origin, str) or not isinstance(record_id, str) or not isinstance(revision, int):
        raise ValueError("key")
    if status in ("stored", "duplicate"):
        return (origin, record_id, revision), None
    if status == "rejected":
        return (origin, record_id, revision), _plain(str(item.get("reason") or "no reason given"))
    raise ValueError("status")


def _plain(reason: str) -> str:
    """What a database keeps: half a surrogate pair no file takes, and a zero byte no PostgreSQL."""
    return reason[:REASON_CHARACTERS].replace("\0", "?").encode("utf-8", "replace").decode("utf-8")


def bounded(response: httpx.Response) -> bytes:
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > REPLY_BYTES:
            raise Gone("gave an answer larger than any real one; records are kept")
    return body


def _retry_after_s(response: httpx.Response) -> float | None:
    """Seconds, or an HTTP date; what is neither is not there."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, IndexError):
        return None
