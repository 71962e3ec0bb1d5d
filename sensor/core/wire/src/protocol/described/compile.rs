//! From a description to a layout. Everything that can be wrong with a description is found here, with its place.

use super::document::{self as written, Document, Type};
use super::framing;
use super::layout::{Answer, Coded, Layout, Operation, Touches, Which};
use super::names::{leak, word, Names};
use super::parser::letters;
use super::parts::Parts;
use crate::hash::Map;
use crate::value::{Class, FieldDef, Kind};

/// A layout, and what its fields are called.
pub struct Compiled {
    pub layout: Layout,
    pub fields: Vec<FieldDef>,
}

/// # Errors
/// Says which part of the description is wrong, and how.
pub fn compile(document: &Document) -> Result<Compiled, String> {
    word(&document.protocol)?;
    let mut names = Names::new(&document.protocol);
    let mut header = Parts::new(&mut names, document.order);
    header.read(&document.header).map_err(|error| format!("header: {error}"))?;
    let (offset, mut known) = (header.fixed_offset(), header.known.clone());
    let parts = header.parts;
    if document.inside.is_some() {
        known.insert("unit_id".to_owned(), names.add("unit_id", Kind::Unsigned, false)?);
    }
    let operation = document.operation.as_deref().map(|name| coded(name, &names)).transpose()?;
    if operation.is_none() && document.inside.is_none() && document.operations.len() != 1 {
        return Err("operation: which field of the header tells the operations apart?".to_owned());
    }
    let answer = document.answer.as_ref().map(|answer| {
        let slot = number(&answer.field, &known, "answer")?;
        Ok::<_, String>(Answer { slot, is: answer.is.clone(), bit: answer.bit })
    });
    let pair = document.pair.iter().map(|name| number(name, &known, "pair")).collect::<Result<Vec<_>, _>>()?;
    let mut operations = Map::default();
    for one in &document.operations {
        let named = |error: String| format!("operation {}: {error}", one.name);
        let code = code(&one.code, operation).map_err(named)?;
        let mut part = |fields: &[written::Field]| {
            let mut parts = Parts::new(&mut names, document.order);
            parts.known.clone_from(&known);
            parts.read(fields).map_err(named)?;
            Ok::<_, String>((parts.parts, parts.known))
        };
        let (request, asked) = part(&one.request)?;
        let (response, _) = part(&one.response)?;
        let compiled = Operation {
            name: leak(word(&one.name)?),
            class: class(&one.class).map_err(named)?,
            unanswered: one.unanswered,
            request,
            response,
            touches: one.touches.as_ref().map(|touches| touched(touches, &asked, &names)).transpose().map_err(named)?,
        };
        if operations.insert(code, compiled).is_some() {
            return Err(named("its code is listed twice".to_owned()));
        }
    }
    let outcome =
        document.outcome.as_ref().map(|outcome| Ok::<_, String>((names.unsigned(&outcome.field)?, outcome.ok.clone())));
    let user = document.user.as_deref().map(|name| names.text(name)).transpose()?;
    let rest = names.add("rest", Kind::Bytes, false)?;
    let layout = Layout {
        frame: framing::compile(document, offset, &names)?,
        header: parts,
        operation,
        answer: answer.transpose()?,
        pair,
        outcome: outcome.transpose()?,
        user,
        operations,
        rest,
    };
    Ok(Compiled { layout, fields: names.fields() })
}

fn coded(name: &str, names: &Names) -> Result<Coded, String> {
    let (slot, kind) = names.find(name).ok_or_else(|| format!("operation: no field {name} in the header"))?;
    match kind {
        Kind::Unsigned => Ok(Coded { slot, letters: false }),
        Kind::Text => Ok(Coded { slot, letters: true }),
        _ => Err(format!("operation: {name} is neither a number nor text")),
    }
}

fn code(code: &written::Code, coded: Option<Coded>) -> Result<u32, String> {
    match (code, coded) {
        (written::Code::Letters(text), Some(Coded { letters: true, .. })) => {
            letters(text).ok_or_else(|| format!("{text}: at most four letters"))
        }
        (written::Code::Number(number), Some(Coded { letters: false, .. }) | None) => Ok(*number),
        _ => Err("its code is a number where the operation's field is one, and letters where that is text".to_owned()),
    }
}

/// The slot of a number of the header.
fn number(name: &str, known: &Map<String, usize>, what: &str) -> Result<usize, String> {
    known.get(name).copied().ok_or_else(|| format!("{what}: {name} is no plain number of the header"))
}

fn touched(touches: &written::Touches, known: &Map<String, usize>, names: &Names) -> Result<Touches, String> {
    let amount = |amount: &Option<written::Amount>, default: u32| {
        super::parts::amount(amount.as_ref().unwrap_or(&written::Amount::Number(default)), known)
    };
    let which = match (&touches.named, &touches.start) {
        (Some(name), None) => Which::Named(names.text(name)?),
        (None, Some(_)) => Which::Stretch { start: amount(&touches.start, 0)?, count: amount(&touches.count, 1)? },
        _ => return Err("touches: wants a start, or the field that names it".to_owned()),
    };
    Ok(Touches { space: leak(word(&touches.space)?), index: amount(&touches.index, 0)?, which })
}

fn class(name: &str) -> Result<Class, String> {
    let known = || Class::ALL.map(Class::name).join(", ");
    Class::ALL.into_iter().find(|class| class.name() == name).ok_or_else(|| format!("class: {}", known()))
}

/// What a field of that type holds.
pub fn kind(kind: Type) -> Kind {
    match kind {
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => Kind::Signed,
        Type::F32 | Type::F64 => Kind::Float,
        Type::Bool | Type::Bits => Kind::Boolean,
        Type::Text => Kind::Text,
        Type::Bytes | Type::Secret | Type::Skip => Kind::Bytes,
        _ => Kind::Unsigned,
    }
}
