"""Buffers of application protocols (`http.host`, `dns.query`, …) → fields of ours; `content` and `pcre` on them.

Suricata user guide 8, chapters on HTTP, DNS, TLS, SSH, SMB and FTP keywords; Snort 3, "HTTP" options.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from detectors.imports.detection import BROADER, NARROWER, Detection, Remark, expression_of
from detectors.imports.suricata.content import Content
from detectors.rules.regex import MAX_LENGTH, RegexError, canonical


@dataclass(frozen=True)
class Buffer:
    """`remark`: how the field differs from what is looked at there. `folded`: what is looked at there is lower-case."""

    protocol: str
    field: str
    remark: str = ""
    effect: str = NARROWER
    folded: bool = False


_HOST = Buffer("http", "http.host", folded=True)
_PATH = Buffer("http", "http.path", "the path without what stands behind the question mark")
_NAME = Buffer("dns", "dns.question.name", folded=True)
_SNI = Buffer("tls", "tls.client.server_name", folded=True)
BUFFERS: Mapping[str, Buffer] = {
    "http.host": _HOST, "http_host": _HOST, "http.host.raw": Buffer("http", "http.host"), "http.uri": _PATH,
    "http_uri": _PATH, "http.uri.raw": _PATH, "http_raw_uri": _PATH,
    "http.method": Buffer("http", "http.request.method"), "http_method": Buffer("http", "http.request.method"),
    "http.user_agent": Buffer("http", "http.user_agent"), "http_user_agent": Buffer("http", "http.user_agent"),
    "http.server": Buffer("http", "http.server"), "http.location": Buffer("http", "http.location"),
    "dns.query": _NAME, "dns_query": _NAME, "dns.queries.rrname": _NAME,
    "dns.answers.rrname": Buffer("dns", "dns.answers.name", folded=True), "dns.answer.name": Buffer("dns",
    "dns.answers.name"), "tls.sni": _SNI, "tls_sni": _SNI, "ssl_sni": _SNI,
    "tls.cert_subject": Buffer("tls", "tls.certificate.subject", "the subject is written another way"),
    "tls.cert_issuer": Buffer("tls", "tls.certificate.issuer", "the issuer is written another way"),
    "ja4.hash": Buffer("tls", "tls.client.ja4"),
    "ssh.software": Buffer("ssh", "ssh.software"), "ssh.software_version": Buffer("ssh", "ssh.software"),
    "smb.share": Buffer("smb", "smb.share.path"), "smb.filename": Buffer("smb", "smb.file.name"),
    "ftp.command": Buffer("ftp", "ftp.command"), "ftp.command_data": Buffer("ftp", "ftp.argument"),
    "smtp.helo": Buffer("smtp", "smtp.domain"), "smtp.mail_from": Buffer("smtp", "smtp.from"),
}  # fmt: skip
"""A keyword before its contents (Suricata 4 on, Snort 3), or behind one (`http_uri;`, older rules)."""


def content_on(buffer: Buffer, content: Content, detection: Detection, *, dotted: bool = False, size: int | None = None,
               ) -> list[Remark]:  # fmt: skip
    """Add what a content asks of a text. `dotted`: the text has a dot put before it (`dotprefix`). `size`: the whole
    text's length, where the rule says it (`bsize`)."""
    part = f"content:{content.written}"
    wrong = NARROWER if content.negated else BROADER
    try:
        text = content.data.decode("ascii")
    except UnicodeDecodeError:
        return [Remark(part, wrong, f"{buffer.field} is text, these bytes are not ASCII")]
    if not text.isprintable():
        return [Remark(part, wrong, f"{buffer.field} is text, these bytes cannot be printed")]
    remarks = [Remark(part, buffer.effect, buffer.remark)] if buffer.remark else []
    start, end = _edges(content, size, len(content.data))
    if content.relative or (content.offset or 0) > 0 or (content.depth is not None and not start):
        remarks.append(Remark(part, wrong, "its place in the text"))
    cases: list[dict[str, Any]]
    if dotted and text.startswith(".") and end:
        bare = text[1:]
        cases = [
            *_checks(buffer, content, bare, start=True, end=True),
            *_checks(buffer, content, text, start=False, end=True),
        ]
    else:
        cases = _checks(buffer, content, text, start=start and not dotted, end=end)
    if any(len(str(value)) > MAX_LENGTH for case in cases for key, value in case.items() if key.endswith("|re")):
        remarks.append(Remark(part, NARROWER, "a long text: upper and lower case are told apart"))
        cases = [{f"{buffer.field}|contains": text}]
    if content.negated:
        detection.exclude(cases)
    else:
        detection.need(cases if len(cases) > 1 else cases[0])
    return remarks


def _edges(content: Content, size: int | None, length: int) -> tuple[bool, bool]:
    whole = size == length
    start = whole or content.startswith or (not content.relative and content.depth == length and not content.offset)
    return start, whole or content.endswith


def _checks(buffer: Buffer, content: Content, text: str, *, start: bool, end: bool) -> list[dict[str, Any]]:
    folded = (content.nocase or buffer.folded) and text.lower() != text.upper()
    if folded:
        return [{f"{buffer.field}|re": expression_of(text, start=start, end=end)}]
    operator = {(True, True): "", (True, False): "|startswith", (False, True): "|endswith", (False, False): "|contains"}
    return [{f"{buffer.field}{operator[start, end]}": text}]


def pcre_on(buffer: Buffer, expression: str, flags: str, negated: bool, detection: Detection) -> list[Remark]:
    """Add an expression on a text, as far as ours go."""
    part = f"pcre:/{expression}/{flags}"[:80]
    wrong = NARROWER if negated else BROADER
    if others := set(flags) - set("ims"):  # s and m are about line ends, which these texts do not have
        return [Remark(part, wrong, f"the flag {''.join(sorted(others))} of expressions")]
    try:
        wanted = canonical(expression.replace("\\/", "/"))
        if "i" in flags or buffer.folded:
            wanted = canonical(folded_expression(wanted))
    except RegexError as error:
        return [Remark(part, wrong, str(error))]
    check = {f"{buffer.field}|re": wanted}
    if negated:
        detection.exclude(check)
    else:
        detection.need(check)
    return [Remark(part, buffer.effect, buffer.remark)] if buffer.remark else []


def folded_expression(expression: str) -> str:
    """A canonical expression that finds upper and lower case alike: letters become classes, classes get both."""
    out: list[str] = []
    at, inside = 0, False
    while at < len(expression):
        char = expression[at]
        if char == "\\":
            out.append(expression[at : at + 2])
            at += 2
            continue
        if expression.startswith("(?:", at):
            out.append("(?:")
            at += 3
            continue
        if char in "[]":
            inside = char == "["
            out.append(char)
        elif not char.isascii() or not char.isalpha():
            out.append(char)
        elif not inside:
            out.append(f"[{char.upper()}{char.lower()}]")
        elif expression[at + 1 : at + 2] == "-" and expression[at + 2 : at + 3].isalpha():
            low, high = char, expression[at + 2]
            if low.islower() != high.islower():
                raise RegexError(f"{low}-{high} goes over upper and lower case")
            out.append(f"{low.upper()}-{high.upper()}{low.lower()}-{high.lower()}")
            at += 2
        else:
            out.append(char.upper() + char.lower())
        at += 1
    return "".join(out)
