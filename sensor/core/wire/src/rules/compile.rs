//! From the document Python made to what runs.

use super::exclusion::Exclusion;
use super::index::{Filed, Index};
use super::ir::{self, Condition, Document, VERSION};
use super::matcher::Expression;
use super::named;
use super::plan::Plan;
use super::test::{Known, Test};
use super::{Rule, RuleInfo, Rules};
use crate::event::FieldId;
use crate::protocol;
use crate::value::name_hash;

/// Levels of `and`, `or`, `not` in one condition. Evaluation recurses; a person writes three or four.
const DEPTH: usize = 32;

pub fn compile(json: &str) -> Result<Rules, String> {
    let document: Document = serde_json::from_str(json).map_err(|error| format!("rules: {error}"))?;
    if document.version != VERSION {
        return Err(format!("rules: version {} is not {VERSION}", document.version));
    }
    let known = Known { segments: &document.segments, lists: &named::read(&document.lists)? };
    let mut rules = Vec::with_capacity(document.rules.len());
    for rule in document.rules {
        let named = |error: String| format!("rule {}: {error}", rule.id);
        let place = protocol::place(&rule.protocol);
        let protocol = place.ok_or_else(|| named(format!("unknown protocol {}", rule.protocol)))?;
        let condition = expression(&rule.condition, protocol, known, DEPTH).map_err(named)?;
        let fold: Result<Vec<_>, _> = rule.fold.iter().map(|name| field(name)).collect();
        let fold = fold.map_err(named)?;
        let compiled = |part: &Condition| expression(part, protocol, known, DEPTH);
        let plan = rule.correlation.as_ref().map(|written| Plan::new(written, &fold, compiled));
        let plan = plan.transpose().map_err(named)?;
        let content = content(&rule)?;
        let filters = document.filters.iter().filter(|filter| filter.rules.contains(&rule.id));
        let exclusion = |filter: &ir::Filter| {
            let condition = expression(&filter.condition, protocol, known, DEPTH);
            let condition = condition.map_err(|error| format!("filter {}: {error}", filter.id))?;
            let until_ns = filter.until_ns.unwrap_or(u64::MAX);
            Ok(Exclusion { filter: filter.id.as_str().into(), until_ns, condition })
        };
        let exclusions: Result<Box<[_]>, String> = filters.map(exclusion).collect();
        let exclusions = exclusions.map_err(named)?;
        let info = RuleInfo { id: rule.id, needs_baseline: rule.needs_baseline, fold, content, plan };
        rules.push(Rule { info, protocol, condition, exclusions });
    }
    if u32::try_from(rules.len()).is_err() {
        return Err("rules: too many".to_owned());
    }
    let filed = |rule| {
        let Rule { protocol, condition, .. }: &Rule = rule;
        Filed { protocol: *protocol, condition }
    };
    let index = Index::new(rules.iter().map(filed));
    Ok(Rules { rules: rules.into_boxed_slice(), index })
}

/// The same for the same rule wherever it stands in its document, in every run.
fn content(rule: &ir::Rule) -> Result<u64, String> {
    let written = serde_json::to_vec(rule).map_err(|error| format!("rule {}: {error}", rule.id))?;
    Ok(name_hash(&written))
}

fn field(name: &str) -> Result<FieldId, String> {
    FieldId::by_name(name).ok_or_else(|| format!("unknown field {name}"))
}

fn expression(condition: &Condition, protocol: usize, known: Known<'_>, depth: usize) -> Result<Expression, String> {
    let depth = depth.checked_sub(1).ok_or_else(|| format!("more than {DEPTH} levels of conditions"))?;
    let parts = |parts: &[Condition]| -> Result<Box<[Expression]>, String> {
        let read: Result<Vec<_>, _> = parts.iter().map(|part| expression(part, protocol, known, depth)).collect();
        let mut read = read?;
        // Cheapest first; equal ones as they were written.
        read.sort_by_key(Expression::cost);
        Ok(read.into_boxed_slice())
    };
    Ok(match condition {
        Condition::And(inner) => Expression::And(parts(inner)?),
        Condition::Or(inner) => Expression::Or(parts(inner)?),
        Condition::Not(inner) => Expression::Not(Box::new(expression(inner, protocol, known, depth)?)),
        Condition::Test { field: name, operator, values } => {
            let id = field(name)?;
            let def = id.def().ok_or_else(|| format!("unknown field {name}"))?;
            Expression::Test(id, Test::new(id, def, protocol, known, *operator, values)?)
        }
    })
}
