//! Two lists that a message fills side by side, item by item: written where they are to stay, without asking of each
//! value which list it is for and whether there is room.

use super::{Object, Record, Span, Value};

/// Room for as many values in each list as there are items.
#[derive(Debug)]
pub struct Lists<'r> {
    pub first: &'r mut [Value],
    pub second: &'r mut [Value],
    pub names: Names<'r>,
}

/// Names of what the items touch.
#[derive(Debug)]
pub struct Names<'r> {
    text: &'r mut Vec<u8>,
    objects: &'r mut Vec<Object>,
}

impl Names<'_> {
    /// A named thing that the message touches, called as `write` appends.
    #[inline]
    pub fn touch(&mut self, space: &'static str, index: u32, write: impl FnOnce(&mut Vec<u8>)) -> Value {
        let start = self.text.len();
        write(self.text);
        let span = Span::new(start, self.text.len().saturating_sub(start));
        let name = self.text.get(start..).unwrap_or_default();
        self.objects.push(Object::named(space, index, span, name));
        Value::Text(span)
    }
}

impl Record {
    /// Two lists of `count` values each, as `fill` writes them. Where it says that it could not, or wrote a name that is
    /// not plain ASCII and may have to be mended, nothing is kept.
    #[inline]
    pub fn two_lists(&mut self, count: usize, fill: impl FnOnce(Lists<'_>) -> bool) -> Option<(Span, Span)> {
        let (start, text, objects) = (self.pool.len(), self.text.len(), self.objects.len());
        let end = start.saturating_add(count.saturating_mul(2));
        self.pool.resize(end, Value::Unsigned(0));
        let room = self.pool.get_mut(start..).and_then(|room| room.split_at_mut_checked(count));
        let names = Names { text: &mut self.text, objects: &mut self.objects };
        let filled = room.is_some_and(|(first, second)| fill(Lists { first, second, names }));
        if filled && self.text.get(text..).unwrap_or_default().is_ascii() {
            return Some((Span::new(start, count), Span::new(start.saturating_add(count), count)));
        }
        self.pool.truncate(start);
        self.text.truncate(text);
        self.objects.truncate(objects);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_filled_leaves_nothing() {
        let (mut record, mut plain) = (Record::default(), Record::default());
        for (name, complete) in [("Pump", true), ("Pump", false), ("\u{6e29}", true), ("Valve", true)] {
            let lists = record.two_lists(2, |mut lists| {
                for (place, value) in lists.first.iter_mut().zip(lists.second) {
                    *place = lists.names.touch("node", 7, |out| out.extend_from_slice(name.as_bytes()));
                    *value = Value::Bool(true);
                }
                complete
            });
            assert_eq!(lists.is_some(), complete && name.is_ascii(), "{name}");
            let Some((first, second)) = lists else { continue };
            let texts = [0, 1].map(|_| {
                let text = plain.push_text(name.as_bytes());
                plain.push_named("node", 7, text);
                Value::Text(text)
            });
            assert_eq!((record.list(first), record.list(second)), (&texts[..], &[Value::Bool(true); 2][..]));
            assert_eq!((record.objects(), &record.text), (plain.objects(), &plain.text));
        }
        assert_eq!(record.objects().len(), 4);
    }
}
