//! What is normal here: who speaks to whom, in which protocol, with which operations, on which objects, how often.
//!
//! A conversation remembers what was asked last ([`Trail`]): `orders.rs` holds that against the order it always had.
//! [`Learner`] watches messages and writes a compiled table (`table.rs`, `codec.rs`); [`Baseline`] holds a compiled
//! table against messages; [`Periods`] watches the rhythm of the polls in it. People read and edit the same table as
//! JSON or YAML (`document.rs`).

mod again;
mod assess;
mod band;
mod check;
mod codec;
mod document;
mod family;
mod index;
mod knowledge;
mod learn;
mod load;
mod mark;
mod orders;
mod pace;
mod periods;
mod poll;
pub(crate) mod saved;
mod shadow;
mod sketch;
mod space;
mod stretches;
mod table;
mod touched;
mod trail;
mod walk;
mod watched;

pub use assess::acquainted;
pub use check::{Baseline, Polled};
pub use document::{table_from_json, table_to_json};
pub use family::{Families, Family};
pub use learn::{stretch, Cut, LearnSettings, Learner, Meter, Seen, SeenLink, SeenObject};
pub use mark::Mark;
pub use periods::{PeriodSettings, Periods, Shard};
pub use shadow::{Shadow, Shadowed, Tried};
pub use trail::{changes, Step, Trail};

/// Every cause that the baseline has.
pub const CAUSES: [&str; 10] = [
    check::NEW_ASSET,
    check::NEW_LINK,
    check::NEW_OPERATION,
    check::NEW_OBJECT,
    check::NEW_ORDER,
    periods::SLOWER,
    periods::FASTER,
    periods::IRREGULAR,
    periods::STOPPED,
    periods::RESUMED,
];
