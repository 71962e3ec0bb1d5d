"""One signature → one rule of ours, and what of it could not be said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from detectors.imports.detection import BROADER, LATER, NARROWER, Detection, Remark
from detectors.imports.suricata import content as contents
from detectors.imports.suricata.content import Content
from detectors.imports.suricata.counting import counting
from detectors.imports.suricata.grammar import GrammarError, Option, Signature, unquoted
from detectors.imports.suricata.header import header
from detectors.imports.suricata.keywords import KEYWORDS, SAID_ELSEWHERE, missing_field
from detectors.imports.suricata.payload import byte_test, contents_on, joined, known_bytes
from detectors.imports.suricata.services import PORTS, S7_PLUS, SERVICES, TRANSPORTS
from detectors.imports.suricata.texts import BUFFERS, Buffer, content_on, pcre_on
from detectors.imports.suricata.variables import Variables
from detectors.rules.vocabulary import Vocabulary

CONVERSATION = "flow"
_PCRE_BUFFERS = {"U": "http.uri", "I": "http.uri.raw", "W": "http.host", "Z": "http.host.raw", "V": "http.user_agent",
                 "M": "http.method"}  # fmt: skip
_ON_PAYLOAD = ("pkt_data", "raw_data", "payload")


class NotImported(ValueError):
    """Why a signature came to no rule."""


@dataclass
class Translated:
    """`sets`, `takes_back` and `asks`: names of flowbits; `silent`: it raises no alert by itself."""

    signature: Signature
    protocol: str
    detection: Detection
    remarks: list[Remark] = field(default_factory=list)
    correlation: dict[str, Any] | None = None
    sets: tuple[str, ...] = ()
    takes_back: tuple[str, ...] = ()
    asks: tuple[tuple[str, str], ...] = ()
    silent: bool = False


@dataclass
class _Looks:
    """Contents in the order of the rule, each with the text it is looked for in (None: the payload)."""

    payload: list[Content] = field(default_factory=list)
    texts: list[tuple[Buffer, Content, bool, int | None]] = field(default_factory=list)
    tests: list[tuple[str, int]] = field(default_factory=list)
    """`byte_test`, and how many contents stand before it."""
    expressions: list[tuple[Buffer | None, str]] = field(default_factory=list)


def translate(signature: Signature, variables: Variables, known: Vocabulary) -> Translated:
    """Raises NotImported."""
    if signature.action not in ("alert", "drop", "reject", "rejectsrc", "rejectdst", "rejectboth", "block", "log"):
        raise NotImported(f"{signature.action}: takes hits of other rules out; say it with filters of the site")
    try:
        return _translate(signature, variables, known)
    except GrammarError as error:
        raise NotImported(str(error)) from None


def _translate(signature: Signature, variables: Variables, known: Vocabulary) -> Translated:
    detection = Detection()
    looks, remarks, keywords = _looks(signature)
    protocol = _protocol(signature, variables, looks, keywords)
    if protocol not in known.protocols:
        raise NotImported(f"not yet: {protocol} is no protocol here")
    remarks += header(signature, variables, detection)
    if protocol == CONVERSATION:
        detection.need({"operation.name": "ended"}, telling=False)
        transport = TRANSPORTS.get(signature.protocol, "")
        if transport:
            detection.need({"network.transport": transport}, telling=False)
        remarks.append(Remark("each packet", LATER, "found when the conversation ends"))
    for option in keywords:
        owner, add = KEYWORDS[option.name]
        if protocol == CONVERSATION and option.name == "flow":
            continue  # a conversation is told from client to server
        if owner and owner != protocol:
            raise NotImported(f"{option.name} is of {owner}, the rule of {protocol}")
        remarks += add(option.value or "", detection)
    _apply(looks, protocol, _answers(signature), detection, remarks)
    if missing := missing_field(detection, protocol, known):
        raise NotImported(f"not yet: events of {protocol} have no {missing}")
    correlation, more = counting(signature)
    remarks += more
    _telling(signature, protocol, detection, remarks)
    sets, takes_back, asks = _flowbits(signature, remarks)
    silent = any(o.name == "noalert" or (o.name == "flowbits" and o.value == "noalert") for o in signature.options)
    return Translated(signature, protocol, detection, remarks, correlation, sets, takes_back, asks, silent)


def _looks(signature: Signature) -> tuple[_Looks, list[Remark], list[Option]]:
    """What the options look at, in the order in which they stand: a buffer holds for the contents behind it."""
    looks, remarks, keywords = _Looks(), list[Remark](), list[Option]()
    buffer: Buffer | str | None = None
    """A text of ours; the name of one that is none; None: the payload."""
    dotted = False
    size: int | None = None
    last: list[Any] | None = None
    behind = _behind(signature)
    for option in signature.options:
        name, value = option.name, option.value
        if name in ("content", "uricontent"):
            content = contents.read(value or "")
            where = BUFFERS["http.uri"] if name == "uricontent" else buffer
            if isinstance(where, str):
                wrong = NARROWER if content.negated else BROADER
                remarks.append(Remark(f"content:{content.written}", wrong, f"{where} is no field here"))
                last = None
            elif where is None:
                looks.payload.append(content)
                last = looks.payload
            else:
                looks.texts.append((where, content, dotted, size))
                last = looks.texts
        elif name in contents.MODIFIERS:
            if last is looks.payload and last:
                looks.payload[-1] = contents.modified(looks.payload[-1], option)
            elif last is looks.texts and last:
                text, content, with_dot, length = looks.texts[-1]
                looks.texts[-1] = (text, contents.modified(content, option), with_dot, length)
        elif behind and value is None and name.startswith("http_") and last is looks.payload and looks.payload:
            content = looks.payload.pop()
            if name in BUFFERS:
                looks.texts.append((BUFFERS[name], content, False, None))
            else:
                wrong = NARROWER if content.negated else BROADER
                remarks.append(Remark(f"content:{content.written}; {name}", wrong, f"{name} is no field here"))
            last = looks.texts if name in BUFFERS else None
        elif name in BUFFERS and value is None:
            buffer, dotted, size = BUFFERS[name], False, None
        elif name in _ON_PAYLOAD and value is None:
            buffer = None
        elif name == "dotprefix":
            dotted = True
        elif name == "bsize" and isinstance(buffer, Buffer) and (value or "").strip().isdigit():
            size = int(value or "0")
            looks.texts = [(b, c, d, size if b is buffer else s) for b, c, d, s in looks.texts]
        elif name == "isdataat" and (value or "").replace(" ", "") == "!1,relative" and last:
            end = Option("endswith")
            if last is looks.payload:
                looks.payload[-1] = contents.modified(looks.payload[-1], end)
            else:
                text, content, with_dot, length = looks.texts[-1]
                looks.texts[-1] = (text, contents.modified(content, end), with_dot, length)
        elif name == "byte_test":
            looks.tests.append((value or "", len(looks.payload)))
        elif name == "pcre":
            looks.expressions.append((buffer if isinstance(buffer, Buffer) else None, value or ""))
        elif name in KEYWORDS:
            keywords.append(option)
        elif name not in SAID_ELSEWHERE:
            if value is None:  # a buffer that is no field here
                buffer = name
            remarks.append(Remark(str(option)[:120], BROADER, "there is nothing like it here"))
    return looks, remarks, keywords


def _behind(signature: Signature) -> bool:
    """Whether names of buffers stand behind their contents, as in older rules: one of these begins with a content."""
    names = [option.name for option in signature.options if option.name == "content" or option.name.startswith("http_")]
    return names[:1] == ["content"]


def _protocol(signature: Signature, variables: Variables, looks: _Looks, keywords: Sequence[Option]) -> str:
    """Whose messages it looks at: by its header, its keywords, its buffers, its ports."""
    named = SERVICES.get(signature.protocol)
    if named is None and signature.protocol not in TRANSPORTS:
        raise NotImported(f"not yet: {signature.protocol} is no protocol here")
    named = named or next((KEYWORDS[option.name][0] for option in keywords if KEYWORDS[option.name][0]), None)
    named = named or next((buffer.protocol for buffer, *_ in looks.texts), None)
    service = signature.value("service").split(",")[0].strip()
    named = named or SERVICES.get(service)
    if named is None:
        spans = (variables.port_span(signature.destination_ports), variables.port_span(signature.source_ports))
        by_port = [{PORTS[low] for low in span.single_ports if low in PORTS} for span in spans]
        found = next((names for names in by_port if names), set())
        if len(found) > 1:
            raise NotImported(f"its ports belong to several protocols: {', '.join(sorted(found))}")
        named = next(iter(found), None)
    if named is None and (looks.payload or looks.tests or looks.expressions):
        raise NotImported(
            "it looks into any conversation of its transport: rules here look at messages of a protocol, and neither "
            "its header nor its ports name one"
        )
    if named == "s7comm" and known_bytes(joined(looks.payload)).get(7) == S7_PLUS:
        return "s7comm-plus"
    if named is not None and signature.protocol in TRANSPORTS and not (
        looks.payload or looks.texts or looks.tests or looks.expressions or any(KEYWORDS[o.name][0] for o in keywords)
    ):  # fmt: skip
        return CONVERSATION  # about addresses and ports alone
    return named or CONVERSATION


def _answers(signature: Signature) -> bool:
    """Whether it is about what servers send."""
    words = {word.strip().lower() for word in signature.value("flow").split(",")}
    return bool(words & {"to_client", "from_server"})


def _apply(looks: _Looks, protocol: str, answers: bool, detection: Detection, remarks: list[Remark]) -> None:
    others = [buffer for buffer, *_ in looks.texts if buffer.protocol != protocol]
    if others:
        raise NotImported(f"it looks at {others[0].field}, which messages of {protocol} do not have")
    remarks += contents_on(protocol, looks.payload, answers, detection)
    for buffer, content, dotted, size in looks.texts:
        remarks += content_on(buffer, content, detection, dotted=dotted, size=size)
    for value, before in looks.tests:
        remarks += byte_test(protocol, value, looks.payload[:before], answers, detection)
    for text, value in looks.expressions:
        remarks += _expression(text, value, protocol, detection)


def _expression(buffer: Buffer | None, value: str, protocol: str, detection: Detection) -> list[Remark]:
    text = value.strip()
    negated = text.startswith("!")
    inside = text[1:].strip() if negated else text
    inside = inside[1:-1] if len(inside) > 1 and inside[0] == inside[-1] == '"' else inside
    end = inside.rfind("/")
    if not inside.startswith("/") or end == 0:
        raise GrammarError(f"pcre {inside[:40]} is not written /…/")
    expression, flags = inside[1:end].replace("\\;", ";").replace('\\"', '"'), inside[end + 1 :]
    for flag, name in _PCRE_BUFFERS.items():
        if flag in flags:
            buffer, flags = BUFFERS[name], flags.replace(flag, "")
    if buffer is None:
        return [
            Remark(
                f"pcre:{inside[:80]}", NARROWER if negated else BROADER, "expressions look at texts, not at a payload"
            )
        ]
    if buffer.protocol != protocol:
        raise NotImported(f"it looks at {buffer.field}, which messages of {protocol} do not have")
    return pcre_on(buffer, expression, flags, negated, detection)


def _telling(signature: Signature, protocol: str, detection: Detection, remarks: Sequence[Remark]) -> None:
    """Refuse what would fire on ordinary traffic, because all that told it apart is lost."""
    lost = [remark.part for remark in remarks if remark.effect == BROADER and not remark.part.startswith("$")]
    placed = any(part != "any" for part in (signature.source, signature.source_ports, signature.destination,
                                            signature.destination_ports))  # fmt: skip
    if not detection.telling and lost:
        raise NotImported(f"what told it from other traffic could not be said: {', '.join(lost)}"[:400])
    if not detection.telling and not placed and protocol == CONVERSATION:
        raise NotImported("it fits every conversation")


def _flowbits(
    signature: Signature, remarks: list[Remark]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Bits that it sets, takes back, and asks for."""
    changed: dict[str, list[str]] = {"set": [], "unset": [], "toggle": []}
    asks: list[tuple[str, str]] = []
    for option in signature.options:
        if option.name not in ("flowbits", "xbits", "hostbits", "flowint"):
            continue
        words = [word.strip() for word in (option.value or "").split(",")]
        if option.name != "flowbits":
            if words[0] not in ("set", "unset", "toggle"):
                remarks.append(Remark(str(option), BROADER, "a state that goes beyond the conversation"))
        elif words[0] in changed and len(words) > 1:
            changed[words[0]] += [unquoted(bit).strip() for bit in words[1].split("&")]
        elif words[0] in ("isset", "isnotset") and len(words) > 1:
            asks.append((words[0], words[1]))
    return tuple(changed["set"]), (*changed["unset"], *changed["toggle"]), tuple(asks)
