//! Programs that hand a screen to somebody far away, told by the names of their makers' servers and by their ports. A
//! plant has them where a supplier keeps a machine, and where an intruder stays.

/// Longer than any of the names below, with a label before it.
const LONGEST: usize = 40;

/// By the name of a server, as it stands in a TLS hello or in a DNS question.
pub fn by_name(name: &[u8]) -> Option<&'static str> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let mut lower = [0u8; LONGEST];
    let tail = name.get(name.len().saturating_sub(LONGEST)..).unwrap_or_default();
    let place = lower.get_mut(..tail.len())?;
    for (into, from) in place.iter_mut().zip(tail) {
        *into = from.to_ascii_lowercase();
    }
    let tail = &*place;
    let cut_off = name.len() > tail.len();
    // The last two labels, or three where that many tell.
    let mut dots = tail.iter().enumerate().rev().filter(|(_, byte)| **byte == b'.').map(|(at, _)| at);
    let _last = dots.next()?;
    let second = dots.next();
    let third = dots.next();
    let from = |dot: Option<usize>| match dot {
        Some(dot) => tail.get(dot.saturating_add(1)..),
        None => (!cut_off).then_some(tail),
    };
    from(second).and_then(of_domain).or_else(|| from(third).and_then(of_domain))
}

fn of_domain(domain: &[u8]) -> Option<&'static str> {
    Some(match domain {
        b"teamviewer.com" | b"teamviewer.cn" | b"teamviewer.com.cn" | b"dyngate.com" => "teamviewer",
        b"anydesk.com" | b"anydesk.com.cn" => "anydesk",
        b"oray.com" | b"oray.net" => "sunlogin",
        b"todesk.com" => "todesk",
        b"rustdesk.com" => "rustdesk",
        b"splashtop.com" | b"splashtop.eu" | b"splashtop.cn" => "splashtop",
        b"logmein.com" | b"logmeinrescue.com" => "logmein",
        b"screenconnect.com" => "screenconnect",
        b"remotepc.com" => "remotepc",
        b"dwservice.net" => "dwservice",
        b"ultraviewer.net" => "ultraviewer",
        b"remotedesktop.google.com" => "chrome_remote_desktop",
        _ => return None,
    })
}

/// By the owner of a certificate, as it is written: what AnyDesk's relays show (issued by AnyNet Root CA), and what each
/// of its stations makes for itself.
pub fn by_certificate(subject: &[u8]) -> Option<&'static str> {
    let mut parts = subject.split(|byte| *byte == b',').map(|part| part.strip_prefix(b" ").unwrap_or(part));
    parts.any(|part| matches!(part, b"CN=AnyNet Relay" | b"CN=AnyDesk Client")).then_some("anydesk")
}

/// By the port of a server that has no name.
pub fn by_port(port: u16) -> Option<&'static str> {
    Some(match port {
        5938 => "teamviewer",
        6568 | 7070 => "anydesk",
        21114..=21119 => "rustdesk",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_by_their_ends() {
        for (name, wanted) in [
            ("relay-3c1f0d.net.anydesk.com", Some("anydesk")),
            ("AnyDesk.com.", Some("anydesk")),
            ("boot.anydesk.com.cn", Some("anydesk")),
            ("router15.TeamViewer.com", Some("teamviewer")),
            ("slapi.oray.net", Some("sunlogin")),
            ("remotedesktop.google.com", Some("chrome_remote_desktop")),
            ("a.remotedesktop.google.com", Some("chrome_remote_desktop")),
            ("www.google.com", None),
            ("notanydesk.com", None),
            ("anydesk.com.example.org", None),
            ("com", None),
            ("", None),
        ] {
            assert_eq!(by_name(name.as_bytes()), wanted, "{name}");
        }
        for (subject, wanted) in [
            ("C=DE, O=philandro Software GmbH, CN=AnyNet Relay", Some("anydesk")),
            ("CN=AnyDesk Client", Some("anydesk")),
            ("CN=AnyDesk Client Supplies", None),
            ("O=AnyDesk Client", None),
            ("", None),
        ] {
            assert_eq!(by_certificate(subject.as_bytes()), wanted, "{subject}");
        }
        assert_eq!((by_port(7070), by_port(443)), (Some("anydesk"), None));
    }
}
