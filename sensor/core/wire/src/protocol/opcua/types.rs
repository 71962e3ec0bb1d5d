//! Structured built-in types: OPC 10000-6, 5.2.2.9 (NodeId), 5.2.2.10 (ExpandedNodeId), 5.2.2.13 (QualifiedName), 5.2.2.14 (LocalizedText), 5.2.2.15 (ExtensionObject).

use super::reader::{Body, Read, Trouble};

/// What stands behind the namespace index of a node id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identifier<'a> {
    Numeric(u32),
    Text(&'a [u8]),
    Guid([u8; 16]),
    Opaque(&'a [u8]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId<'a> {
    pub namespace: u16,
    pub identifier: Identifier<'a>,
    /// Namespace URI of an expanded node id: stands for the index then.
    pub uri: Option<&'a [u8]>,
    /// Server index of an expanded node id, 0 for the local server.
    pub server: u32,
}

impl NodeId<'_> {
    /// The number, where it is one of namespace 0.
    #[inline]
    pub fn standard(&self) -> Option<u32> {
        match (self.namespace, self.identifier, self.uri) {
            (0, Identifier::Numeric(number), None) => Some(number),
            _ => None,
        }
    }
}

/// Flags of an expanded node id in its encoding byte.
const HAS_URI: u8 = 0x80;
const HAS_SERVER: u8 = 0x40;

fn identifier<'a>(body: &mut Body<'a>, encoding: u8) -> Read<NodeId<'a>> {
    let (namespace, identifier) = match encoding {
        // Two byte: namespace 0, one byte.
        0 => (0, Identifier::Numeric(body.u8()?.into())),
        // Four byte: one byte of namespace, two of number.
        1 => (body.u8()?.into(), Identifier::Numeric(body.u16()?.into())),
        2 => (body.u16()?, Identifier::Numeric(body.u32()?)),
        3 => (body.u16()?, Identifier::Text(body.string()?.unwrap_or_default())),
        4 => (body.u16()?, Identifier::Guid(guid(body)?)),
        5 => (body.u16()?, Identifier::Opaque(body.string()?.unwrap_or_default())),
        _ => return Err(Trouble::Encoding),
    };
    Ok(NodeId { namespace, identifier, uri: None, server: 0 })
}

/// 5.2.2.6: sixteen bytes as on the wire (the first three parts are little-endian).
pub fn guid(body: &mut Body<'_>) -> Read<[u8; 16]> {
    body.take(16)?.try_into().map_err(|_| Trouble::Short)
}

pub fn node_id<'a>(body: &mut Body<'a>) -> Read<NodeId<'a>> {
    let encoding = body.u8()?;
    identifier(body, encoding)
}

/// The number of a node id that has to be one of namespace 0.
#[inline]
pub fn standard_id(body: &mut Body<'_>) -> Option<u32> {
    // Four byte encoding: what every stack sends.
    if let [1, 0, low, high, ..] = *body.rest() {
        body.skip(4).ok()?;
        return Some(u16::from_le_bytes([low, high]).into());
    }
    node_id(body).ok().as_ref().and_then(NodeId::standard)
}

#[inline]
pub fn skip_node_id(body: &mut Body<'_>) -> Read<()> {
    match body.u8()? {
        0 => body.skip(1),
        1 => body.skip(3),
        2 => body.skip(6),
        3 | 5 => body.skip(2).and_then(|()| body.skip_string()),
        4 => body.skip(18),
        _ => Err(Trouble::Encoding),
    }
}

pub fn expanded<'a>(body: &mut Body<'a>) -> Read<NodeId<'a>> {
    let encoding = body.u8()?;
    let mut node = identifier(body, encoding & !(HAS_URI | HAS_SERVER))?;
    if encoding & HAS_URI != 0 {
        node.uri = body.string()?;
    }
    if encoding & HAS_SERVER != 0 {
        node.server = body.u32()?;
    }
    Ok(node)
}

/// Namespace index and name.
#[inline]
pub fn qualified_name<'a>(body: &mut Body<'a>) -> Read<(u16, &'a [u8])> {
    Ok((body.u16()?, body.string()?.unwrap_or_default()))
}

/// The text; the locale is skipped.
pub fn localized_text<'a>(body: &mut Body<'a>) -> Read<Option<&'a [u8]>> {
    let mask = body.u8()?;
    if mask & !3 != 0 {
        return Err(Trouble::Encoding);
    }
    if mask & 1 != 0 {
        body.skip_string()?;
    }
    if mask & 2 != 0 {
        body.string()
    } else {
        Ok(None)
    }
}

/// A structure with its type id; `content` is `None` when there is no body.
#[derive(Clone, Copy, Debug)]
pub struct Extension<'a> {
    pub type_id: NodeId<'a>,
    pub content: Option<Body<'a>>,
    pub is_xml: bool,
}

pub fn extension<'a>(body: &mut Body<'a>) -> Read<Extension<'a>> {
    let type_id = node_id(body)?;
    let encoding = body.u8()?;
    let content = match encoding {
        0 => None,
        1 | 2 => match body.i32()? {
            -1 => None,
            length => Some(body.part(usize::try_from(length).map_err(|_| Trouble::Encoding)?)?),
        },
        _ => return Err(Trouble::Encoding),
    };
    Ok(Extension { type_id, content, is_xml: encoding == 2 })
}
