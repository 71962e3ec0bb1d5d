"""What a signature says about itself → the other keys of a rule file."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any

from detectors.imports.detection import BROADER, Remark
from detectors.imports.suricata.chains import Written
from detectors.imports.suricata.grammar import Signature, unquoted
from detectors.imports.suricata.translate import Translated
from detectors.rules.reader import MAX_TITLE
from detectors.rules.techniques import TECHNIQUES

NAMESPACE = uuid.UUID("c7b8a1f2-0c0d-5d0f-8b1e-5f6f7475730a")
"""Of ids made from `gid:sid`: the next version of a signature is the same rule."""
LEVELS = {1: "high", 2: "medium", 3: "low", 4: "notice"}
PRIORITIES = {
    "attempted-admin": 1, "attempted-user": 1, "inappropriate-content": 1, "policy-violation": 1, "shellcode-detect": 1,
    "successful-admin": 1, "successful-user": 1, "trojan-activity": 1, "unsuccessful-user": 1,
    "web-application-attack": 1,
    "targeted-activity": 1, "exploit-kit": 1, "domain-c2": 1, "credential-theft": 1, "command-and-control": 1,
    "attempted-dos": 2, "attempted-recon": 2, "bad-unknown": 2, "default-login-attempt": 2, "denial-of-service": 2,
    "misc-attack": 2, "non-standard-protocol": 2, "rpc-portmap-decode": 2, "successful-dos": 2,
    "successful-recon-largescale": 2, "successful-recon-limited": 2, "suspicious-filename-detect": 2,
    "suspicious-login": 2,
    "system-call-detect": 2, "unusual-client-port-connection": 2, "web-application-activity": 2, "external-ip-check": 2,
    "pup-activity": 2, "social-eng": 2, "coin-mining": 2, "sdf": 2,
    "icmp-event": 3, "misc-activity": 3, "network-scan": 3, "not-suspicious": 3, "protocol-command-decode": 3,
    "string-detect": 3, "unknown": 3, "tcp-connection": 4,
}  # fmt: skip
"""Of the classes that both products come with (classification.config)."""
DEFAULT_PRIORITY = 3
"""Of a rule that says neither (Suricata's own)."""
_TECHNIQUE = re.compile(r"\bT(0?[0-9]{3,4})\b", re.IGNORECASE)
_REFERENCES = {"url": "https://", "cve": "https://nvd.nist.gov/vuln/detail/CVE-", "bugtraq": "bugtraq:"}


def identity(signature: Signature) -> tuple[int, int]:
    """`(gid, sid)`; a sid of 0: it has none."""
    return _number(signature.value("gid"), 1), _number(signature.value("sid"), 0)


def rule_id(signature: Signature) -> str:
    gid, sid = identity(signature)
    return str(uuid.uuid5(NAMESPACE, f"{gid}:{sid}"))


def level(signature: Signature) -> str:
    """By its priority, else by its class."""
    said = _number(signature.value("priority"), 0) or PRIORITIES.get(
        signature.value("classtype").lower(), DEFAULT_PRIORITY
    )
    return LEVELS[min(max(said, 1), 4)]


def techniques(signature: Signature) -> list[str]:
    """Techniques of ATT&CK for ICS that it names; those of the enterprise's matrix are no tags of ours."""
    said = [option.value or "" for option in signature.options if option.name in ("metadata", "reference")]
    found = [
        f"T{number[1].zfill(4)}" for text in said if "mitre" in text.lower() for number in _TECHNIQUE.finditer(text)
    ]
    return [name for name in dict.fromkeys(found) if name in TECHNIQUES]


def title(signature: Signature) -> str:
    """Its message; without one, its number."""
    text = printable(" ".join(unquoted(signature.value("msg")).split()))
    return text[:MAX_TITLE] or f"Imported Signature {identity(signature)[1]}"


def printable(text: str) -> str:
    """Nothing of a stranger's that steers a terminal, and nothing that is no text."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def document(translated: Translated, written: Written, name: str, source: str) -> dict[str, Any]:
    """The whole rule. `name` is its title where the message alone would not be unique."""
    signature = translated.signature
    gid, sid = identity(signature)
    revision = _number(signature.value("rev"), 0)
    said: dict[str, Any] = {
        "title": name,
        "id": rule_id(signature),
        "status": "experimental",
        "description": f"Detects what signature {gid}:{sid} revision {revision} of {printable(source)} is about."
        + _difference(written.remarks),
        "level": level(signature),
    }
    if tags := [f"attack.ics.{name.lower()}" for name in techniques(signature)]:
        said["tags"] = tags
    if references := _references(signature):
        said["references"] = references
    said["protocol"] = translated.protocol
    said["detection"] = written.detection
    if written.correlation is not None:
        said["correlation"] = written.correlation
    wide = list(dict.fromkeys(remark.part for remark in written.remarks if remark.effect == BROADER))
    said["falsepositives"] = [printable(f"It fires on more than its source: {part}") for part in wide] or ["Unknown"]
    return said


def _difference(remarks: Sequence[Remark]) -> str:
    return printable("".join(f" Not as there: {remark}." for remark in dict.fromkeys(remarks)))


def _references(signature: Signature) -> list[str]:
    found = []
    for option in signature.options:
        if option.name == "reference":
            kind, _, what = (option.value or "").partition(",")
            kind, what = kind.strip().lower(), unquoted(what.strip())
            head = _REFERENCES.get(kind, f"{kind}:")
            if kind == "cve":
                what = what.upper().removeprefix("CVE-")
            if kind == "url" and what.startswith(("http://", "https://")):
                head = ""
            found.append(printable(head + what))
    return found


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.strip().isdigit() else otherwise
