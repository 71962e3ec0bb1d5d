//! Which of the protocols that this process was given descriptions of are spoken at a site.

use crate::protocol::described::{inside, Inside};
use crate::protocol::place;

#[derive(Debug, Default)]
pub struct Described {
    /// Places of those that have conversations of their own, in the order in which they are tried.
    pub spoken: Vec<usize>,
    /// Those that are found in functions of another protocol.
    pub inside: Vec<Inside>,
}

impl Described {
    /// # Errors
    /// Names what was not described.
    pub fn new(names: &[String]) -> Result<Self, String> {
        let mut described = Self::default();
        for name in names {
            let place = place(name).ok_or_else(|| format!("protocol {name} is not described"))?;
            match inside(place) {
                Some(inside) => described.inside.push(inside),
                None => described.spoken.push(place),
            }
        }
        Ok(described)
    }
}
