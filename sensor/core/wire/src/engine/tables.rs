//! What is compiled once and shared by all shards: rules and baseline. A reload puts other tables in its place.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::baseline::{Baseline, PeriodSettings, Periods, Shard};
use crate::event::{base, FieldId};
use crate::hash::SHARDS;
use crate::protocol::flow::Optional;
use crate::protocol::place_of;
use crate::rules::plan::Plan;
use crate::rules::{RuleInfo, Rules};
use crate::values::Known;

const FLOW: usize = place_of("flow") as usize;

/// What becomes of a message that a rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A hit, folded by the two stations alone, as most are: no field is looked at.
    Stations,
    /// A hit, folded by fields.
    Fields,
    /// It is counted with others between the two stations, or with those of all.
    Counted,
    CountedByAll,
}

impl Way {
    fn of(info: &RuleInfo) -> Self {
        let stations = in_one_shard(&info.fold);
        match info.plan {
            Some(_) if stations => Way::Counted,
            Some(_) => Way::CountedByAll,
            None if info.fold.is_empty() || (info.fold.len() == 2 && stations) => Way::Stations,
            None => Way::Fields,
        }
    }
}

pub struct Tables {
    pub rules: Rules,
    /// `rule:<uuid>` for each rule: a storm of hits allocates nothing.
    pub causes: Box<[Arc<str>]>,
    /// For each rule what becomes of a message that matches.
    pub ways: Box<[Way]>,
    pub baseline: Option<Baseline>,
    /// What the values of its links are like.
    pub values: Option<Arc<Known>>,
    /// What of conversations a rule could be about, in the order of `Optional::ALL`.
    asked_of_flows: [bool; Optional::ALL.len()],
    /// Counts reloads: what a flow remembers of older tables is stale.
    pub generation: u32,
    /// Hash of the bytes that the baseline was loaded from, where it was loaded here.
    loaded: Option<[u8; 32]>,
    /// The same of the values.
    values_loaded: Option<[u8; 32]>,
}

impl Tables {
    pub fn new(rules: Rules, baseline: Option<Baseline>) -> Self {
        let infos = (0..).map_while(|index| rules.info(index));
        let causes = infos.clone().map(|info| format!("rule:{}", info.id).into()).collect();
        let ways = infos.map(Way::of).collect();
        let asked_of_flows = Optional::ALL.map(|what| rules.could_match(FLOW, what.operation()));
        Self {
            causes,
            ways,
            asked_of_flows,
            rules,
            baseline,
            values: None,
            generation: 0,
            loaded: None,
            values_loaded: None,
        }
    }

    /// Compile rules and load a baseline; `segments` are the engine's, in the order of their numbers. A baseline that
    /// `before` has loaded from the same bytes is shared with it.
    pub fn read(
        rules: &str,
        baseline: Option<&[u8]>,
        segments: &[&str],
        before: Option<&Self>,
    ) -> Result<Self, String> {
        let rules = Rules::compile(rules)?;
        let Some(bytes) = baseline else { return Ok(Self::new(rules, None)) };
        let loaded = Some(Sha256::digest(bytes).into());
        let same = before.filter(|before| before.loaded == loaded).and_then(|before| before.baseline.clone());
        let baseline = match same {
            Some(baseline) => baseline,
            None => Baseline::with_segments(bytes, segments)?,
        };
        Ok(Self { loaded, ..Self::new(rules, Some(baseline)) })
    }

    /// With what the values of the baseline's links are like (`values::Table`). What `before` has from the same bytes, for
    /// the same baseline, is shared with it: what is being watched goes on.
    ///
    /// # Errors
    /// One line that says what is wrong with the bytes.
    pub fn with_values(self, bytes: &[u8], segments: &[&str], before: Option<&Self>) -> Result<Self, String> {
        let Some(baseline) = self.baseline.as_ref() else { return Ok(self) };
        let values_loaded = Some(Sha256::digest(bytes).into());
        let same = before.filter(|before| before.values_loaded == values_loaded && before.loaded == self.loaded);
        let values = match same.and_then(|before| before.values.clone()) {
            Some(values) => values,
            None => Arc::new(Known::read(bytes, baseline, segments)?),
        };
        Ok(Self { values: Some(values), values_loaded, ..self })
    }

    /// Whether a rule could be about that of conversations.
    #[inline]
    pub fn asks_for(&self, what: Optional) -> bool {
        self.asked_of_flows.get(what as usize).is_some_and(|asked| *asked)
    }

    /// What a rule counts; `None`: nothing, each message that matches is a hit.
    pub fn plan(&self, rule: u32) -> Option<&Plan> {
        self.rules.info(rule)?.plan.as_ref()
    }

    /// Watches the polls of one shard's conversations; `None` without a baseline.
    pub fn periods(&self, number: usize) -> Option<Periods> {
        let part = Shard { number, of: SHARDS };
        self.baseline.as_ref().map(|baseline| Periods::new(baseline, PeriodSettings::default(), part))
    }
}

/// Whether a fold by these fields is one of two stations: what they say to each other lies in one shard.
pub fn in_one_shard(fields: &[FieldId]) -> bool {
    fields.contains(&FieldId(base::CLIENT_IP)) && fields.contains(&FieldId(base::SERVER_IP))
}
