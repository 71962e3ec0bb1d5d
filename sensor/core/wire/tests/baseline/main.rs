//! Learning and checking, with messages made here.

mod check;
mod messages;
mod periods;
mod table;
mod windows;
