//! Names of fields, and the slots they have.

use crate::value::{FieldDef, Kind, SLOTS};

/// The fields of one description, by slot.
pub struct Names {
    protocol: String,
    fields: Vec<(String, Kind, bool)>,
}

impl Names {
    pub fn new(protocol: &str) -> Self {
        Self { protocol: protocol.to_owned(), fields: Vec::new() }
    }

    /// The slot of a field; messages of several kinds may have the same one.
    ///
    /// # Errors
    /// It is no name, it is something else elsewhere, or there are too many.
    pub fn add(&mut self, name: &str, kind: Kind, many: bool) -> Result<usize, String> {
        word(name)?;
        if let Some(slot) = self.fields.iter().position(|(known, ..)| known == name) {
            let same = self.fields.get(slot).is_some_and(|(_, of, several)| *of == kind && *several == many);
            return if same { Ok(slot) } else { Err(format!("{name}: has another type elsewhere")) };
        }
        if self.fields.len() >= SLOTS {
            return Err(format!("more than {SLOTS} fields"));
        }
        self.fields.push((name.to_owned(), kind, many));
        Ok(self.fields.len().saturating_sub(1))
    }

    pub fn find(&self, name: &str) -> Option<(usize, Kind)> {
        let slot = self.fields.iter().position(|(known, ..)| known == name)?;
        self.fields.get(slot).map(|(_, kind, _)| (slot, *kind))
    }

    pub fn unsigned(&self, name: &str) -> Result<usize, String> {
        self.of_kind(name, Kind::Unsigned, "a whole number")
    }

    pub fn text(&self, name: &str) -> Result<usize, String> {
        self.of_kind(name, Kind::Text, "text")
    }

    fn of_kind(&self, name: &str, wanted: Kind, what: &str) -> Result<usize, String> {
        let found = self.find(name).filter(|(_, kind)| *kind == wanted);
        found.map(|(slot, _)| slot).ok_or_else(|| format!("{name} is no field that holds {what}"))
    }

    pub fn fields(&self) -> Vec<FieldDef> {
        let full = |name: &str| leak(&format!("{}.{name}", self.protocol));
        self.fields.iter().map(|(name, kind, many)| FieldDef { name: full(name), kind: *kind, many: *many }).collect()
    }
}

/// A name that rules and columns can spell.
///
/// # Errors
/// It is none.
pub fn word(name: &str) -> Result<&str, String> {
    let spelled = name.bytes().all(|letter| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    let begun = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    if spelled && begun && name.len() <= 64 {
        Ok(name)
    } else {
        Err(format!("{name:?}: a name is a letter a-z and then letters, digits and _"))
    }
}

/// For as long as the process lives: descriptions are never taken away, and bounded in number and size.
pub fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}
