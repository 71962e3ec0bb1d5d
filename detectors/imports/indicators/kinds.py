"""Kinds of indicators: how a value is written, in which list it lands, and which rules look there. One entry a kind."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?:[a-z][a-z0-9-]{0,62}|xn--[a-z0-9-]{1,59})\Z"
)
_JA4 = re.compile(r"[tqd](?:1[0-3]|[sd][1-3]|00)[di][0-9]{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}\Z")
_HEX = re.compile(r"[0-9a-f]+\Z")


@dataclass(frozen=True)
class Kind:
    """`written` brings a value into the form in which events have it, or None: it is none. `list_type` is of
    `detectors.rules.lists`. `where`: protocol → fields that are held against the list, any of which may have it; for
    addresses see `rules.py`."""

    name: str
    list_type: str
    written: Callable[[str], str | None]
    title: str
    title_zh: str
    label: str
    label_zh: str
    where: Mapping[str, tuple[str, ...]]
    technique: str = ""


def address(text: str) -> str | None:
    try:
        if "%" in text:
            return None
        if "/" in text:
            network = ipaddress.ip_network(text, strict=False)
            return None if network.prefixlen == 0 else str(network)
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def name(text: str) -> str | None:
    """Lower-case, without the dot of the root; other scripts as they go over the wire."""
    plain = text.strip().rstrip(".").lower()
    if not plain.isascii():
        try:
            plain = plain.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    return plain if _NAME.match(plain) else None


def sha256(text: str) -> str | None:
    plain = text.strip().lower()
    return plain if len(plain) == 64 and _HEX.match(plain) else None


def ja4(text: str) -> str | None:
    plain = text.strip().lower()
    return plain if _JA4.match(plain) else None


def serial(text: str) -> str | None:
    """Hexadecimal digits as events have them: no colons, no zeros in front."""
    plain = text.strip().lower().removeprefix("0x").replace(":", "").replace(" ", "")
    return (plain.lstrip("0") or "0") if _HEX.match(plain) and len(plain) <= 64 else None


def user_agent(text: str) -> str | None:
    return text if text.isprintable() and 0 < len(text) <= 1000 else None


KINDS: tuple[Kind, ...] = (
    Kind("addresses", "addresses", address, "Traffic With an Indicator Address", "与威胁指标地址通信", "addresses",
    "地址",
         {}, "t0884"),
    Kind("names", "texts", name, "Indicator Name Asked For", "访问威胁指标域名", "names", "域名",
         {"dns": ("dns.question.name",), "tls": ("tls.client.server_name",), "http": ("http.host",)}, "t0884"),
    Kind("blocks", "texts", sha256, "Program Block of an Indicator", "传输威胁指标中的程序块", "hashes of blocks",
    "程序块哈希",
         {"s7comm": ("s7comm.block_sha256",)}, "t0843"),
    Kind("ja4", "texts", ja4, "TLS Client of an Indicator", "威胁指标 TLS 客户端指纹", "JA4 fingerprints", "JA4 指纹",
         {"tls": ("tls.client.ja4",)}, "t0884"),
    Kind("certificates", "texts", serial, "Certificate of an Indicator", "威胁指标中的证书",
    "serial numbers of certificates",
         "证书序列号", {"tls": ("tls.certificate.serial_number",)}, "t0884"),
    Kind("agents", "texts", user_agent, "User Agent of an Indicator", "威胁指标 User-Agent", "user agents",
    "User-Agent",
         {"http": ("http.user_agent",)}, "t0884"),
)  # fmt: skip
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}

PATHS: Mapping[str, str] = {
    "ipv4-addr:value": "addresses", "ipv6-addr:value": "addresses",
    "network-traffic:dst_ref.value": "addresses", "network-traffic:src_ref.value": "addresses",
    "domain-name:value": "names", "network-traffic:dst_ref.name": "names",
    "file:hashes.SHA-256": "blocks", "artifact:hashes.SHA-256": "blocks",
    "x509-certificate:serial_number": "certificates",
    "network-traffic:extensions.http-request-ext.request_header.User-Agent": "agents",
}  # fmt: skip
"""Object path → kind. A path that ends in `ja4` is one too: STIX has no own place for it."""
UNSEEN: Mapping[str, str] = {
    "file:hashes": "of files SHA-256 is computed, and that of S7 blocks only",
    "x509-certificate:hashes": "not yet: hashes of certificates are not computed",
    "file:": "files are not put together from the wire", "email-": "mail is not taken apart", "process:":
    "it is on hosts",
    "windows-registry-key:": "it is on hosts", "mutex:": "it is on hosts", "user-account:": "it is on hosts",
    "software:": "it is on hosts", "mac-addr:": "no rule looks at hardware addresses by list",
}  # fmt: skip
"""Beginnings of paths, and why they are no list."""


def kind_of(path: str) -> str | None:
    if path.rpartition(".")[2].lower() in ("ja4", "ja4_hash") or path.lower() in ("ja4:value", "x-ja4:value"):
        return "ja4"
    return PATHS.get(path)


def why_unseen(path: str) -> str:
    return next(
        (why for head, why in UNSEEN.items() if path.startswith(head)), "nothing on the wire is known to show it"
    )


def guessed(text: str) -> str | None:
    """The kind of a value without a type; None: it has none, `url`, `md5` and `sha1` are answers too."""
    if re.match(r"[a-z][a-z0-9+.-]*://", text.lower()):
        return "url"
    plain = text.strip().lower()
    if _HEX.match(plain) and len(plain) in (32, 40, 64):
        return {32: "md5", 40: "sha1", 64: "blocks"}[len(plain)]
    return next((kind for kind in ("addresses", "ja4", "names") if BY_NAME[kind].written(text) is not None), None)
