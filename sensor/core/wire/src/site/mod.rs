//! What the settings say about this plant, for parsers to look things up in. Shared by all shards, never written.

mod credentials;
mod described;
pub mod points;

use std::sync::{Arc, LazyLock};

pub use credentials::{Credentials, Strength};
pub use described::Described;
pub use points::Points;

/// By default what is true of every plant.
#[derive(Debug, Default)]
pub struct Site {
    pub credentials: Credentials,
    pub points: Points,
    pub described: Described,
}

impl Site {
    /// One for all who have nothing to add.
    pub fn shared() -> Arc<Self> {
        static SITE: LazyLock<Arc<Site>> = LazyLock::new(Arc::default);
        Arc::clone(&SITE)
    }
}
