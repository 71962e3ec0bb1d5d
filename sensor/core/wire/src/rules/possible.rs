//! What could match at all, when only the kind of an event is known: nobody makes events that no rule asks for.

use super::matcher::Expression;
use super::test::Test;
use super::Rules;
use crate::event::{base, FieldId};

impl Rules {
    /// Whether any rule about `protocol` could match an event of this operation (number and name) without a flaw,
    /// whatever else is in it.
    pub fn could_match(&self, protocol: usize, operation: (u32, &str)) -> bool {
        let about = self.rules.iter().filter(|rule| rule.protocol == protocol);
        about.map(|rule| rule.condition.certain(operation)).any(|answer| answer != Some(false))
    }
}

impl Expression {
    /// Its answer, where that is certain.
    fn certain(&self, operation: (u32, &str)) -> Option<bool> {
        match self {
            Expression::Test(field, test) => answer(*field, test, operation),
            Expression::And(parts) => all(parts, operation, true),
            Expression::Or(parts) => all(parts, operation, false),
            Expression::Not(inner) => inner.certain(operation).map(|answer| !answer),
        }
    }
}

/// One part that says the opposite of `wanted` decides; otherwise all of them must say `wanted`.
fn all(parts: &[Expression], operation: (u32, &str), wanted: bool) -> Option<bool> {
    let mut certain = Some(wanted);
    for part in parts {
        match part.certain(operation) {
            Some(answer) if answer == wanted => {}
            Some(answer) => return Some(answer),
            None => certain = None,
        }
    }
    certain
}

fn answer(field: FieldId, test: &Test, (code, name): (u32, &str)) -> Option<bool> {
    match (field.0, test) {
        (_, Test::Flaws(..)) => Some(false),
        (base::FLAWS, Test::Exists(wanted)) => Some(!wanted),
        (base::OPERATION_CODE, Test::Number(numbers, _)) => Some(numbers.has_u64(code.into())),
        (base::OPERATION_NAME, Test::Text(names)) => Some(names.has(name.as_bytes())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::place_of;

    /// Whether a rule about conversations with that condition could match the end of one.
    fn could(condition: &str) -> bool {
        let rule = format!(r#"{{"id": "r", "protocol": "flow", "fold": [], "condition": {condition}}}"#);
        let rules = Rules::compile(&format!(r#"{{"version": 1, "rules": [{rule}]}}"#)).expect("a rule");
        rules.could_match(place_of("flow").into(), (4, "ended"))
    }

    fn test(field: &str, value: &str) -> String {
        format!(r#"{{"test": {{"field": "{field}", "operator": "in", "values": [{value}]}}}}"#)
    }

    #[test]
    fn what_no_rule_could_match_is_known() {
        let (ended, volume) = (test("operation.name", r#""ended""#), test("operation.name", r#""volume""#));
        let (flaw, long) = (test("flaws", r#""stream.conflict""#), test("flow.seconds", "9"));
        assert!(could(&ended) && could(&long) && could(&test("operation.code", "4")));
        assert!(!could(&volume) && !could(&flaw) && !could(&test("operation.code", "3")));
        assert!(!could(&format!(r#"{{"and": [{long}, {flaw}]}}"#)));
        assert!(could(&format!(r#"{{"or": [{flaw}, {long}]}}"#)));
        assert!(could(&format!(r#"{{"not": {flaw}}}"#)) && !could(&format!(r#"{{"not": {ended}}}"#)));
        assert!(!Rules::compile(r#"{"version": 1, "rules": []}"#).expect("none").could_match(0, (4, "ended")));
    }
}
