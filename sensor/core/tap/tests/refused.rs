//! What is no capture is refused at once, in one line that names it and the way out.

mod common;

use common::*;
use tap::Files;

#[test]
fn one_clear_line_for_each() {
    let folder = Folder::new();
    let mut version = pcap(false, 0xa1b2_c3d4, &[]);
    version[4] = 3;
    let mut block_version = section(true);
    block_version[13] = 2;
    let mut no_order = section(true);
    no_order[8] = 0;
    let rows: Vec<(&str, &[u8], &str)> = vec![
        (
            "text",
            b"Hello",
            "not a capture file (it starts with 48 65 6c 6c; expected pcap or pcapng, plain, .gz or .zst)",
        ),
        ("short", b"ab", "not a capture file (it starts with 61 62; expected pcap or pcapng, plain, .gz or .zst)"),
        ("nothing", b"", "is empty; the capture was not written, or not copied"),
        ("xz", b"\xfd7zXZ\0", "not a capture file (it is packed: xz); unpack it first, or pack it with gzip or zstd"),
        (
            "zip",
            b"PK\x03\x04....",
            "not a capture file (it is packed: zip); unpack it first, or pack it with gzip or zstd",
        ),
        ("head", b"\xa1\xb2\xc3\xd4\0\x02", "is cut off inside its file header; copy it again from its source"),
        (
            "version",
            &version,
            "pcap version 3.4 is not known (2.4 is); convert it with `editcap -F pcap` or `-F pcapng`",
        ),
        (
            "block version",
            &block_version,
            "pcapng version 2.0 is not known (1.0 is); convert it with `editcap -F pcap`",
        ),
        ("no order", &no_order, "not a capture file (it begins like pcapng, but without a byte-order magic)"),
        ("gz", b"\x1f\x8b\x08\0garbage garbage garbage", "cannot be read ("),
        ("zst", b"\x28\xb5\x2f\xfd\xff", "cannot be read (damaged or cut-off zstd data: "),
        ("new\nline", b"Hello", "not a capture file ("),
    ];
    let good = folder.file("good", &pcap(false, 0xa1b2_c3d4, &[]));
    for (name, content, expected) in rows {
        let path = folder.file(name, content);
        let line = refusal(&[&good, &path]);
        let shown = path.display().to_string().replace('\n', "\\n");
        assert!(line.starts_with(&format!("{shown}: {expected}")), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
}

#[test]
fn missing_directory_permission_and_the_list_itself() {
    let folder = Folder::new();
    let missing = folder.path().join("missing.pcap");
    assert_eq!(refusal(&[&missing]), format!("{}: no such file; check the path", missing.display()));
    let line = refusal(&[folder.path()]);
    assert_eq!(line, format!("{}: is a directory; name the capture files in it", folder.path().display()));
    assert_eq!(refusal::<&str>(&[]), "no capture file given; name at least one, or - for standard input");
    assert_eq!(refusal(&["-", "-"]), "-: standard input can be given only once");
    assert_eq!(refusal(&vec!["x"; 70_000]), "70000 files are more than the 65535 that go at once");

    let secret = folder.file("secret", b"x");
    let mut permissions = std::fs::metadata(&secret).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0);
    std::fs::set_permissions(&secret, permissions).unwrap();
    let line = std::thread::spawn(move || {
        // As root every file can be read: this thread alone becomes somebody else.
        // SAFETY: changes the effective user of the calling thread only, which ends here.
        unsafe { libc::syscall(libc::SYS_setresuid, -1, 65_534, -1) };
        (secret.display().to_string(), Files::open(&[secret]).err().map(|error| error.to_string()))
    });
    let (path, line) = line.join().unwrap();
    let expected = format!("{path}: no permission to read it; run as its owner or make it readable for this user");
    assert_eq!(line, Some(expected));
}
