//! What is compiled once and shared by all shards: rules and baseline. A reload puts other tables in its place.

use std::sync::Arc;

use crate::baseline::Baseline;
use crate::event::{base, FieldId};
use crate::rules::Rules;

pub struct Tables {
    pub rules: Rules,
    /// `rule:<uuid>` for each rule: a storm of hits allocates nothing.
    pub causes: Box<[Arc<str>]>,
    /// For each rule whether it folds by the two stations alone, as most do: no field is looked at for its hits.
    pub by_stations: Box<[bool]>,
    pub baseline: Option<Baseline>,
    /// Counts reloads: what a flow remembers of older tables is stale.
    pub generation: u32,
}

impl Tables {
    pub fn new(rules: Rules, baseline: Option<Baseline>) -> Self {
        let infos = (0..).map_while(|index| rules.info(index));
        let causes = infos.clone().map(|info| format!("rule:{}", info.id).into()).collect();
        let by_stations = infos.map(|info| info.fold.is_empty() || (info.fold.len() == 2 && in_one_shard(&info.fold)));
        Self { causes, by_stations: by_stations.collect(), rules, baseline, generation: 0 }
    }
}

/// Whether a fold by these fields is one of two stations: what they say to each other lies in one shard.
pub fn in_one_shard(fields: &[FieldId]) -> bool {
    fields.contains(&FieldId(base::CLIENT_IP)) && fields.contains(&FieldId(base::SERVER_IP))
}
