//! What is compiled once and shared by all shards: rules and baseline. A reload puts other tables in its place.

use std::sync::Arc;

use crate::baseline::Baseline;
use crate::rules::Rules;

pub struct Tables {
    pub rules: Rules,
    /// `rule:<uuid>` for each rule: a storm of hits allocates nothing.
    pub causes: Box<[Arc<str>]>,
    pub baseline: Option<Baseline>,
    /// Counts reloads: what a flow remembers of older tables is stale.
    pub generation: u32,
}

impl Tables {
    pub fn new(rules: Rules, baseline: Option<Baseline>) -> Self {
        let infos = (0..).map_while(|index| rules.info(index));
        let causes = infos.map(|info| format!("rule:{}", info.id).into()).collect();
        Self { rules, causes, baseline, generation: 0 }
    }
}
