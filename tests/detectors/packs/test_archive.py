"""What a pack is refused for: everything that a stranger, a disk or a slip can do to one."""

from __future__ import annotations

import io
import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from detectors.packs import PackRefused, archive, gather, open_pack, private_key, trusted_keys
from detectors.packs.archive import MANIFEST, SIGNATURES
from detectors.packs.manifest import order
from tests.detectors.packs.making import STOP, Maker

OTUS = "0.1.0"


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


def refused(maker: Maker, path: Path, version: str = OTUS) -> str:
    with pytest.raises(PackRefused) as error:
        open_pack(path, trusted_keys(maker.keys), version)
    assert "\n" not in str(error.value)
    return str(error.value)


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The same archive with other entries, and nobody who signed them."""
    with zipfile.ZipFile(path) as packed:
        entries = {name: packed.read(name) for name in packed.namelist()}
    change(entries)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
        for name, data in entries.items():
            packed.writestr(zipfile.ZipInfo(name), data)
    return path


def test_the_same_pack_is_the_same_bytes(maker: Maker) -> None:
    first = maker.pack("1.2").read_bytes()
    shutil.rmtree(maker.folder / "source")
    assert maker.pack("1.2").read_bytes() == first
    opened = open_pack(maker.pack("1.2"), trusted_keys(maker.keys), OTUS)
    assert (opened.manifest.name, opened.manifest.version, opened.signer.name) == ("plant-rules", "1.2", "maker")
    assert opened.manifest.changelog.zh == "级别为 high" and set(opened.files) == {STOP}
    assert b"controller" in opened.files[STOP].lower()


def test_a_byte_anywhere_in_the_content_is_noticed(maker: Maker) -> None:
    """Every tenth byte of the archive: whatever it hits, the content that is taken is the content that was signed."""
    path = maker.pack("1.0")
    whole = path.read_bytes()
    right = open_pack(path, trusted_keys(maker.keys), OTUS)
    noticed = 0
    for place in range(0, len(whole), 10):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            opened = open_pack(path, trusted_keys(maker.keys), OTUS)
        except PackRefused:
            noticed += 1
        else:  # a time or an attribute that nobody reads
            assert (opened.files, opened.manifest) == (right.files, right.manifest)
    assert noticed > len(whole) // 10 * 0.8
    for end in (0, 1, 40, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:end])
        refused(maker, path)


def test_who_signed_it(maker: Maker) -> None:
    stranger = maker.new_key("stranger", trusted=False)
    assert "not trusted here" in refused(maker, maker.pack("1.0", key=stranger))
    other = maker.new_key("other")
    path = maker.pack("1.0")

    def forged(entries: dict[str, bytes]) -> None:
        said = json.loads(entries[SIGNATURES])
        said["signatures"][0]["key"] = private_key(other).id
        entries[SIGNATURES] = json.dumps(said).encode()

    assert "the pack was altered" in refused(maker, rewritten(path, forged))
    for signatures in (b"", b"[]", b'{"signatures": []}', b'{"signatures": [{"key": 3}]}', b"\xff"):
        broken = rewritten(maker.pack("1.0"), lambda entries, s=signatures: entries.update({SIGNATURES: s}))
        assert "not written as they should be" in refused(maker, broken)
    empty = maker.folder / "nobody"
    with pytest.raises(PackRefused, match="no folder of trusted keys"):
        trusted_keys(empty)
    empty.mkdir()
    with pytest.raises(PackRefused, match="no pack is trusted"):
        trusted_keys(empty)
    (empty / "a.pem").write_text("no key")
    with pytest.raises(PackRefused, match=r"a\.pem: no public key"):
        trusted_keys(empty)


def test_one_trusted_signature_of_several_is_enough(maker: Maker) -> None:
    gathered = gather(maker.source(), "1.0")
    keys = [private_key(maker.new_key("abroad", trusted=False)), private_key(maker.key)]
    path = maker.folder / "two.otuspack"
    path.write_bytes(archive(gathered.manifest, gathered.files, keys))
    assert open_pack(path, trusted_keys(maker.keys), OTUS).signer.name == "maker"


Change = Callable[[dict[str, bytes]], None]
ALTERED: list[tuple[str, Change, str]] = [
    ("a rule", lambda entries: entries.update({STOP: entries[STOP].replace(b"0x29", b"0x28")}),
    "its hash is another one"),
    ("a file more", lambda entries: entries.update({"s7comm/more.yml": b"title: x"}), "is not in its manifest"),
    ("a file less", lambda entries: [entries.pop(STOP)].clear(), "is missing"),
    ("the manifest", lambda entries: entries.update({MANIFEST: entries[MANIFEST].replace(b"1.0", b"9.0", 1)}),
    "was altered"), ("no manifest", lambda entries: [entries.pop(MANIFEST)].clear(), "it has no manifest.json"),
    ("no signature", lambda entries: [entries.pop(SIGNATURES)].clear(), "it has no signatures.json"),
    ("a path outside", lambda entries: entries.update({"../../etc/x.yml": b"x"}), "is not in its manifest"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "change", "said"), ALTERED, ids=[row[0] for row in ALTERED])
def test_an_altered_pack(what: str, change: Change, said: str, maker: Maker) -> None:
    assert said in refused(maker, rewritten(maker.pack("1.0"), change))


SIGNED = [
    ("../escape.yml", "has no place in a pack"),
    ("/etc/passwd.yml", "has no place in a pack"),
    ("a/../../b.yml", "has no place in a pack"),
    ("a\\..\\b.yml", "has no place in a pack"),
    (".hidden.yml", "has no place in a pack"),
    ("规则.yml", "has no place in a pack"),
    ("program.so", "has no place in a pack"),
    ("s7comm/S7_stop_of_a_controller.yml", "differ in upper and lower case only"),
]


@pytest.mark.parametrize(("name", "said"), SIGNED)
def test_a_trusted_key_does_not_make_a_path_right(name: str, said: str, maker: Maker) -> None:
    """Signed by a key that is trusted, and refused all the same."""
    gathered = gather(maker.source(), "1.0")
    content = gathered.manifest.files[STOP]
    object.__setattr__(gathered.manifest, "files", {STOP: content, name: content})
    path = maker.folder / "odd.otuspack"
    files = {STOP: gathered.files[STOP], name: gathered.files[STOP]}
    path.write_bytes(archive(gathered.manifest, files, [private_key(maker.key)]))
    assert said in refused(maker, path)


def _zip(path: Path, *entries: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for entry, data in entries:
            packed.writestr(entry, data)
    return path


def test_archives_of_other_kinds(maker: Maker, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("s7comm/link.yml")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    assert "is no plain file" in refused(maker, _zip(tmp_path / "link", (link, b"/etc/passwd")))
    assert "is no plain file" in refused(maker, _zip(tmp_path / "folder", (zipfile.ZipInfo("s7comm/"), b"")))
    bomb = zipfile.ZipInfo("bomb.yml")
    bomb.compress_type = zipfile.ZIP_DEFLATED
    packed = _zip(tmp_path / "bomb", (bomb, bytes(50_000_000)))
    assert packed.stat().st_size < 100_000 and "is compressed" in refused(maker, packed)
    with pytest.warns(UserWarning):
        twice = _zip(tmp_path / "twice", (zipfile.ZipInfo("a.yml"), b"1"), (zipfile.ZipInfo("a.yml"), b"2"))
    assert "twice" in refused(maker, twice)
    (tmp_path / "text").write_text("no archive")
    assert "no rule pack" in refused(maker, tmp_path / "text")
    assert "no such file" in refused(maker, tmp_path / "none")
    assert "no such file" in refused(maker, tmp_path)


def test_entries_that_share_their_bytes_are_no_way_to_grow(maker: Maker, tmp_path: Path) -> None:
    """Many names in the directory for one piece of data."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(zipfile.ZipInfo("a.yml"), bytes(100_000))
        for number in range(50):
            again = zipfile.ZipInfo(f"b{number}.yml")
            again.file_size = again.compress_size = 100_000
            again.CRC, again.header_offset = packed.filelist[0].CRC, 0
            packed.filelist.append(again)
            packed.NameToInfo[again.filename] = again
    (tmp_path / "overlap").write_bytes(out.getvalue())
    assert "larger than the archive" in refused(maker, tmp_path / "overlap")


def test_what_it_needs(maker: Maker) -> None:
    assert "it needs Otus 0.1.0, this is 0.0.9; upgrade first" in refused(maker, maker.pack("1.0"), "0.0.9")


def test_versions() -> None:
    assert order("2026.9") < order("2026.11.1") < order("2026.11.1.1") and order("1") == order("1.0")
    for text in ("", "1.", "v1", "1.0-beta", "01", "1.2.3.4.5", "1" * 12):
        with pytest.raises(PackRefused, match="is no version"):
            order(text)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("pack.toml", 'name = "Plant"', "small letters"),
        ("pack.toml", "name = ", "not TOML"),
        ("pack.toml", 'name = "a"\n[changelog]\nzh = "x"\n', "as zh and as en"),
        ("pack.toml", 'name = "a"\nother = 1\n[changelog]\nzh = "x"\nen = "x"\n', "unknown other"),
        ("pack.toml", 'name = "a"\nneeds = 1\n[changelog]\nzh = "x"\nen = "x"\n', "in quotes"),
    ],
)
def test_a_folder_that_makes_no_pack(file: str, text: str, said: str, maker: Maker) -> None:
    folder = maker.source()
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(PackRefused, match=said) as error:
        gather(folder, "1.0")
    assert "\n" not in str(error.value)


def test_what_stays_out(maker: Maker) -> None:
    folder = maker.source()
    (folder / "nursery").mkdir()
    (folder / "nursery" / "young.yml").write_text("title: x")
    (folder / ".git").mkdir()
    (folder / ".git" / "config.txt").write_text("x")
    (folder / "tool.py").write_text("x")
    gathered = gather(folder, "1.0")
    assert set(gathered.files) == {STOP} and gathered.left_out == ("tool.py", "nursery/young.yml")
    assert set(gather(folder, "1.0", nursery=True).files) == {STOP, "nursery/young.yml"}
    (folder / "s7comm" / "link.yml").symlink_to(folder / STOP)
    with pytest.raises(PackRefused, match="a link"):
        gather(folder, "1.0")
