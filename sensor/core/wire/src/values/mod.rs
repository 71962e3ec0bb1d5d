//! Process values: what they are like (learned), and when they are not like that any more.
//!
//! A *tag* is a place in what one client reads from one server: a register, a bit, a number in a data block, a node. It is
//! kept per link because a link lies in one shard; two stations that read one register watch it twice.
//!
//! ```text
//! plan.rs      where in a message the values of tags are; pair.rs: what two words of memory mean
//! motion.rs    samples → numbers (height, step, rest, swing, drift), the same for learning and judging
//! extremes.rs  numbers → how far they may go, with a stated rate of false alarms; day.rs: at hours that were not learned
//! states.rs    the few values of a mode; echo.rs: answers that come again
//! settings.rs  what operators choose; custom.rs: how they do it in this plant; chance.rs: functions of statistics
//! relations/   what tags of one link have in common
//! declared.rs  values against what the table of points says of them
//! learn.rs     → table.rs (on disk) → known.rs → judge.rs
//! ```

mod chance;
mod custom;
mod day;
mod declared;
mod echo;
mod extremes;
mod judge;
mod known;
mod learn;
mod motion;
mod pair;
mod plan;
mod relations;
mod settings;
mod states;
mod table;
mod talk;

pub use declared::Declarations;
pub(crate) use extremes::spread_known;
pub use judge::{About, Judge, Unlike, CAUSES};
pub use known::Known;
pub use learn::Learner;
pub use table::Table;
