//! The table as people read, review and edit it: JSON here, YAML on the Python side.

use serde::{Deserialize, Serialize};

use super::codec;
use super::table::{Asset, Learned, Link, Table};

const FORMAT: &str = "otus-baseline";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    format: String,
    version: u16,
    learned: Learned,
    assets: Vec<Asset<'a>>,
    links: Vec<Link<'a>>,
}

/// A compiled table as JSON.
pub fn table_to_json(bytes: &[u8]) -> Result<String, String> {
    let Table { learned, assets, links } = codec::decode(bytes)?;
    let document = Document { format: FORMAT.into(), version: codec::VERSION, learned, assets, links };
    serde_json::to_string(&document).map_err(|error| error.to_string())
}

/// Compile what [`table_to_json`] wrote, or what somebody made of it. The order of rows does not matter.
pub fn table_from_json(json: &str) -> Result<Vec<u8>, String> {
    let document: Document<'_> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if document.format != FORMAT || !codec::READS.contains(&document.version) {
        return Err(format!(
            "this is {} version {}; expected {FORMAT} version {}",
            document.format,
            document.version,
            codec::VERSION
        ));
    }
    let Document { learned, assets, links, .. } = document;
    Ok(codec::encode(&Table { learned, assets, links }.canonical()?))
}

/// An operation class by its name.
pub mod class {
    use serde::{de::Error, Deserialize, Deserializer, Serializer};

    use crate::value::Class;

    pub fn serialize<S: Serializer>(class: &Class, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(class.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Class, D::Error> {
        let name = String::deserialize(from)?;
        Class::ALL.into_iter().find(|class| class.name() == name).ok_or_else(|| {
            D::Error::custom(format!("class {name}: must be one of {}", Class::ALL.map(Class::name).join(", ")))
        })
    }
}

/// What stands in an order: `unknown`, `start`, or an operation as `16.write`.
pub mod place {
    use serde::{de::Error, Deserialize, Deserializer, Serializer};

    use crate::baseline::table::Place;
    use crate::value::Class;

    pub fn text(place: Place) -> String {
        match place {
            Place::Unknown => "unknown".to_owned(),
            Place::Start => "start".to_owned(),
            Place::Operation { code, class } => format!("{code}.{}", class.name()),
        }
    }

    pub fn serialize<S: Serializer>(place: &Place, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&text(*place))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Place, D::Error> {
        let said = String::deserialize(from)?;
        let operation = |said: &str| {
            let (code, class) = said.split_once('.')?;
            let class = Class::ALL.into_iter().find(|known| known.name() == class)?;
            Some(Place::Operation { code: code.parse().ok()?, class })
        };
        match said.as_str() {
            "unknown" => Ok(Place::Unknown),
            "start" => Ok(Place::Start),
            said => operation(said)
                .ok_or_else(|| D::Error::custom(format!("{said}: must be start, unknown, or like 16.write"))),
        }
    }
}

/// Roles of a station by name.
pub mod roles {
    use serde::{de::Error, Deserialize, Deserializer, Serializer};

    use crate::baseline::table::{CLIENT, SERVER};

    const NAMES: [(u8, &str); 2] = [(CLIENT, "client"), (SERVER, "server")];

    pub fn serialize<S: Serializer>(roles: &u8, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(NAMES.iter().filter(|(bit, _)| roles & bit != 0).map(|(_, name)| name))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
        Vec::<String>::deserialize(from)?.iter().try_fold(0, |roles, name| {
            let known = NAMES.iter().find(|(_, known)| known == name);
            known
                .map(|(bit, _)| roles | bit)
                .ok_or_else(|| D::Error::custom(format!("role {name}: must be client or server")))
        })
    }
}

/// MAC addresses as `00:1b:1b:00:00:01`.
pub mod macs {
    use serde::{de::Error, Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(macs: &[[u8; 6]], out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(macs.iter().map(text))
    }

    fn text(mac: &[u8; 6]) -> String {
        mac.map(|byte| format!("{byte:02x}")).join(":")
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<[u8; 6]>, D::Error> {
        let read = |text: &String| {
            let bytes: Option<Vec<u8>> =
                text.split(':').map(|pair| u8::from_str_radix(pair, 16).ok().filter(|_| pair.len() == 2)).collect();
            bytes.and_then(|bytes| <[u8; 6]>::try_from(bytes).ok()).ok_or_else(|| {
                D::Error::custom(format!("mac {text}: must be six pairs of hex digits with colons between"))
            })
        };
        Vec::<String>::deserialize(from)?.iter().map(read).collect()
    }
}
