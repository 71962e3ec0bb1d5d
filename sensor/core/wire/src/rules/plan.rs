//! What a rule counts: one message alone is no hit of such a rule, many are, or several in order.

use super::ir::{self, Condition};
use super::matcher::{any_element, Expression};
use crate::event::{base, Event, FieldId};
use crate::hash::mixed;
use crate::value::{name_hash, Value};

/// Messages or different values that one key may be asked for. Each costs some 40 bytes per key.
pub const LEAST: u32 = 10_000;
/// Steps of a sequence. People write two to five.
pub const STEPS: usize = 8;
/// Of the longest time that may lie between the first and the last message: 31 days.
pub const TIMESPAN_NS: u64 = 31 * 86_400_000_000_000;

#[derive(Debug)]
pub struct Plan {
    pub kind: Kind,
    /// From the first to the last message that count together, both included.
    pub timespan_ns: u64,
    /// Messages that agree in these fields are counted together.
    pub by: Box<[FieldId]>,
}

#[derive(Debug)]
pub enum Kind {
    /// So many messages.
    Count { least: u32 },
    /// So many different values of a field.
    Distinct { least: u32, field: FieldId },
    /// One after the other.
    Sequence(Sequence),
}

#[derive(Debug)]
pub struct Sequence {
    /// Conditions in the order in which they stand, absent ones among them; bit n of a mask is for step n.
    conditions: Box<[Expression]>,
    /// Bits of the steps that must come.
    pub come: Box<[u16]>,
    /// For each of these but the last: bits of what must not come between it and the next.
    pub between: Box<[u16]>,
    /// What must not have come for so long before the first, and must not come for so long after the last.
    pub before: Option<Without>,
    pub after: Option<Without>,
}

/// Bits of steps, and for how many nanoseconds none of them comes.
pub type Without = (u16, u64);

impl Plan {
    /// `expression` compiles a condition for the rule's protocol.
    pub fn new(
        written: &ir::Correlation,
        by: &[FieldId],
        expression: impl Fn(&Condition) -> Result<Expression, String>,
    ) -> Result<Self, String> {
        let least = |least: u32| match least {
            2..=LEAST => Ok(least),
            _ => Err(format!("correlation: at least {least} is not between 2 and {LEAST}")),
        };
        let (kind, timespan_ns) = match written {
            ir::Correlation::Count { at_least, timespan_ns } => {
                (Kind::Count { least: least(*at_least)? }, *timespan_ns)
            }
            ir::Correlation::Distinct { field, at_least, timespan_ns } => {
                let field = FieldId::by_name(field).ok_or_else(|| format!("unknown field {field}"))?;
                (Kind::Distinct { least: least(*at_least)?, field }, *timespan_ns)
            }
            ir::Correlation::Sequence { steps, timespan_ns } => {
                (Kind::Sequence(sequence(steps, expression)?), *timespan_ns)
            }
        };
        let plan = Self { kind, timespan_ns, by: by.into() };
        if plan.timespan_ns == 0 || plan.kept_ns() > TIMESPAN_NS {
            return Err("correlation: the time must lie between a nanosecond and 31 days".to_owned());
        }
        Ok(plan)
    }

    /// How long after its last message a key has something to say.
    pub fn kept_ns(&self) -> u64 {
        let Kind::Sequence(sequence) = &self.kind else { return self.timespan_ns };
        let aside = |part: Option<Without>| part.map_or(0, |(_, within_ns)| within_ns);
        self.timespan_ns.max(aside(sequence.before)).max(aside(sequence.after))
    }

    /// Whether the message has all fields by which it is told apart.
    pub fn has_key(&self, event: &Event<'_>) -> bool {
        self.by.iter().all(|field| field.0 == base::SEGMENT || event.get(*field).is_some())
    }

    /// What of the message is counted: bits of the steps it fits, or its values as numbers, put into `values`. False: it
    /// does not count.
    pub fn counted(&self, event: &Event<'_>, values: &mut Vec<u64>, steps: &mut u16) -> bool {
        *steps = 0;
        values.clear();
        if !self.has_key(event) {
            return false;
        }
        match &self.kind {
            Kind::Count { .. } => true,
            Kind::Distinct { field, .. } => {
                if let Some(value) = event.get(*field) {
                    any_element(value, event, |element| {
                        values.push(number(element, event));
                        false
                    });
                }
                !values.is_empty()
            }
            Kind::Sequence(sequence) => {
                let fits = sequence.conditions.iter().map(|condition| condition.holds(event));
                *steps =
                    fits.zip(0u8..).filter(|(fits, _)| *fits).fold(0, |bits, (_, step)| bits | 1u16 << (step & 15));
                *steps != 0
            }
        }
    }
}

fn sequence(
    steps: &[ir::Step],
    expression: impl Fn(&Condition) -> Result<Expression, String>,
) -> Result<Sequence, String> {
    if !(2..=STEPS).contains(&steps.len()) {
        return Err(format!("correlation: a sequence has 2 to {STEPS} steps"));
    }
    let (mut come, mut between) = (Vec::new(), Vec::new());
    let (mut before, mut waiting): (Option<Without>, Option<Without>) = (None, None);
    for (number, step) in (0u8..).zip(steps) {
        let bit = 1u16 << (number & 15);
        match step.absent_ns {
            Some(within_ns) => {
                let (bits, longest) = waiting.unwrap_or_default();
                waiting = Some((bits | bit, longest.max(within_ns)));
            }
            None => {
                let absent = waiting.take();
                match come.is_empty() {
                    true => before = absent,
                    false => between.push(absent.map_or(0, |(bits, _)| bits)),
                }
                come.push(bit);
            }
        }
    }
    if come.is_empty() {
        return Err("correlation: a sequence needs a step that comes".to_owned());
    }
    let conditions: Result<Vec<_>, _> = steps.iter().map(|step| expression(&step.condition)).collect();
    let conditions = conditions?.into_boxed_slice();
    Ok(Sequence { conditions, come: come.into(), between: between.into(), before, after: waiting })
}

/// Equal for equal values.
fn number(value: Value, event: &Event<'_>) -> u64 {
    match value {
        Value::Unsigned(number) => mixed(number),
        Value::Signed(number) => mixed(number.cast_unsigned()),
        Value::Bool(flag) => mixed(flag.into()),
        Value::Float(number) => mixed(number.to_bits()).rotate_left(1),
        Value::Ip(std::net::IpAddr::V4(four)) => mixed(four.to_bits().into()),
        Value::Ip(std::net::IpAddr::V6(six)) => name_hash(&six.octets()),
        Value::Name(name) => name_hash(name.as_bytes()),
        Value::Text(span) => name_hash(event.record.text(span).as_bytes()),
        Value::Bytes(span) | Value::Words(span) => name_hash(span.of(event.bytes)),
        Value::Blob(span) => name_hash(event.record.blob(span)),
        Value::Bits { start, count } => mixed(u64::from(start) << 32 | u64::from(count)),
        Value::List(_) => 0, // lists do not nest
    }
}
