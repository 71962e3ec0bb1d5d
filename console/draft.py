"""Reading the form by which a desk writes an order."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from console.desk import Draft, NotAllowed
from sensor.schema.course import COURSES
from sensor.schema.order import MAX_ADDRESSEES, MAX_INCIDENTS, MAX_TEXT, MAX_TITLE, Reference
from sensor.schema.pack_order import RULE_PACK
from sensor.schema.shape import known_id, known_name
from sensor.schema.task import MAX_CHECKLIST, MAX_LINE, SPOT_CHECK
from sensor.schema.words import Colour, Form, Level

LONGEST_DAYS = 366


def read(form: MultiDict[str, str], children: Collection[str], zone: ZoneInfo, now_ns: int) -> Draft:
    """The draft that a form says. `children` are those who may be addressed.

    Raises:
        NotAllowed: with the code of the first thing that is wrong.
    """
    course = form.get("course", "")
    if course not in COURSES or course == RULE_PACK:
        raise NotAllowed("not_now")
    title, text = (form.get(name, "").strip().replace("\r\n", "\n") for name in ("title", "text"))
    if not title or len(title) > MAX_TITLE or not title.isprintable():
        raise NotAllowed("bad_title")
    if not text or len(text) > MAX_TEXT:
        raise NotAllowed("bad_text")
    colour = form.get("colour", "")
    if course == Form.WARNING and colour not in tuple(Colour):
        raise NotAllowed("bad_colour")
    level = form.get("level", "")
    return Draft(
        course=course,
        title=title,
        text=text,
        deadline_ns=_deadline(form.get("deadline", ""), zone, now_ns),
        addressees=_addressees(form, children),
        colour=Colour(colour) if course == Form.WARNING else None,
        level=Level(level) if course == Form.BULLETIN and level in tuple(Level) else None,
        checklist=_checklist(form.get("checklist", "")) if course == SPOT_CHECK else (),
        scope=form.get("scope", "").strip()[:MAX_LINE] if course == SPOT_CHECK else "",
        incidents=_incidents(form.get("incidents", "")),
    )


def _deadline(text: str, zone: ZoneInfo, now_ns: int) -> int | None:
    if not text:
        return None
    try:
        moment_ns = int(datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=zone).timestamp()) * 10**9
    except (ValueError, OverflowError):
        raise NotAllowed("bad_deadline") from None
    if not now_ns < moment_ns < now_ns + LONGEST_DAYS * 86_400 * 10**9:
        raise NotAllowed("bad_deadline")
    return moment_ns


def _addressees(form: MultiDict[str, str], children: Collection[str]) -> tuple[str, ...]:
    if not children:
        raise NotAllowed("no_children")
    if form.get("to") == "all":
        return ()
    named = [*form.getlist("child"), *re.split("[\\s,;\uff0c\u3001\uff1b]+", form.get("names", ""))]
    names = tuple(dict.fromkeys(name for name in named if name))
    if not names:
        raise NotAllowed("no_addressee")
    if len(names) > MAX_ADDRESSEES:
        raise NotAllowed("many_addressees")
    if not set(names) <= set(children):
        raise NotAllowed("unknown_addressee")
    return names


def _checklist(text: str) -> tuple[str, ...]:
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not 1 <= len(lines) <= MAX_CHECKLIST or any(len(line) > MAX_LINE for line in lines):
        raise NotAllowed("bad_checklist")
    return lines


def _incidents(text: str) -> tuple[Reference, ...]:
    """One `origin/id` a line, as the address of an incident's page ends."""
    found = []
    for line in text.split():
        origin, _, record_id = line.rpartition("/")
        origin = origin.rpartition("/")[2]
        if not known_id(record_id) or not known_name(origin):
            raise NotAllowed("bad_incidents")
        found.append(Reference(origin, record_id))
    if len(found) > MAX_INCIDENTS:
        raise NotAllowed("bad_incidents")
    return tuple(found)
