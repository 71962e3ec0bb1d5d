//! Which conversation's window is where: a bounded table of windows, and marks that lead to them without a look-up.

use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;

use hashbrown::HashTable;

use crate::event::Event;
use crate::hash::Seeded;

use super::window::Window;

/// The place in the mark of a conversation that found no room; there it has the window's number for a generation.
const REFUSED: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub segment: u16,
    pub client: IpAddr,
    pub server: IpAddr,
    pub protocol: u8,
}

/// Few, wide words.
impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (self.client, self.server) {
            (IpAddr::V4(client), IpAddr::V4(server)) => {
                state.write_u64(u64::from(client.to_bits()) << 32 | u64::from(server.to_bits()));
            }
            (client, server) => (client, server).hash(state),
        }
        state.write_u64(u64::from(self.segment) << 32 | u64::from(self.protocol));
    }
}

/// A mark names a place and its generation, which changes when the place is given to another conversation.
pub(super) struct Places {
    most: usize,
    index: HashTable<u32>,
    hasher: Seeded,
    keys: Vec<Option<Key>>,
    windows: Vec<Window>,
    free: Vec<u32>,
    /// Places below were looked at for room in this window.
    hand: usize,
}

impl Places {
    pub fn new(most: usize) -> Self {
        Self {
            most: most.clamp(1, REFUSED as usize),
            index: HashTable::new(),
            hasher: Seeded::default(),
            keys: Vec::new(),
            windows: Vec::new(),
            free: Vec::new(),
            hand: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn bytes(&self) -> usize {
        let each = size_of::<Window>().saturating_add(size_of::<Option<Key>>());
        let spilled = self.windows.iter().fold(0usize, |sum, window| sum.saturating_add(window.spilled()));
        let places = self.windows.capacity().saturating_mul(each);
        places.saturating_add(spilled).saturating_add(self.index.allocation_size())
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // two halves
    pub fn window(&mut self, mark: u64) -> Option<&mut Window> {
        let (generation, place) = ((mark >> 32) as u32, mark as u32);
        self.windows.get_mut(place as usize).filter(|window| window.generation == generation)
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // the lower half
    pub fn prefetch(&self, mark: u64) {
        if let Some(window) = self.windows.get(mark as u32 as usize) {
            window.prefetch();
        }
    }

    /// The mark of a conversation, which gets a place if there is one. Who found none is not looked up again in the
    /// window of that `number`.
    pub fn find(&mut self, event: &Event<'_>, mark: u64, number: u32) -> u64 {
        let refused = marked(number, REFUSED);
        let Ok(protocol) = u8::try_from(event.family) else { return refused };
        if mark == refused {
            return refused;
        }
        let key = Key { segment: event.segment, client: event.client.ip, server: event.server.ip, protocol };
        let hash = self.hasher.hash_one(key);
        let known = self.index.find(hash, |place| self.keys.get(*place as usize) == Some(&Some(key))).copied();
        let Some(place) = known.or_else(|| self.begin(key, hash)) else { return refused };
        marked(self.windows.get(place as usize).map_or(0, |window| window.generation), place)
    }

    fn begin(&mut self, key: Key, hash: u64) -> Option<u32> {
        if self.index.len() >= self.most && !self.make_room() {
            return None;
        }
        let place = self.free.pop().or_else(|| {
            self.keys.push(None);
            self.windows.push(Window::new(1));
            u32::try_from(self.keys.len().checked_sub(1)?).ok()
        })?;
        *self.keys.get_mut(place as usize)? = Some(key);
        let (keys, hasher) = (&self.keys, &self.hasher);
        let rehash = |place: &u32| keys.get(*place as usize).map_or(0, |key| key.map_or(0, |key| hasher.hash_one(key)));
        self.index.insert_unique(hash, place, rehash);
        Some(place)
    }

    /// Take the place of a conversation that has been silent in this window. Where all have spoken, the newcomer waits
    /// for the next window: no row is ever about a part of one.
    fn make_room(&mut self) -> bool {
        while let Some(window) = self.windows.get(self.hand) {
            let place = self.hand;
            self.hand = self.hand.saturating_add(1);
            if window.silent() {
                self.release(place);
                return true;
            }
        }
        false
    }

    pub fn begin_window(&mut self) {
        self.hand = 0;
    }

    /// Conversations that said nothing lose their places.
    pub fn release_silent(&mut self) {
        for place in 0..self.windows.len() {
            if self.windows.get(place).is_some_and(Window::silent) {
                self.release(place);
            }
        }
    }

    fn release(&mut self, place: usize) {
        let Some(key) = self.keys.get_mut(place).and_then(Option::take) else { return };
        if let Ok(entry) = self.index.find_entry(self.hasher.hash_one(key), |known| *known as usize == place) {
            self.free.push(*entry.get());
            entry.remove();
        }
        if let Some(window) = self.windows.get_mut(place) {
            // Marks that name this place are void from now on.
            *window = Window::new(window.generation.wrapping_add(1).max(1));
        }
    }

    /// Every conversation's window, in the order of their keys.
    pub fn in_order(&mut self) -> impl Iterator<Item = (&Key, &mut Window)> {
        let all = self.keys.iter().zip(&mut self.windows);
        let mut taken: Vec<_> = all.filter_map(|(key, window)| Some((key.as_ref()?, window))).collect();
        taken.sort_unstable_by_key(|(key, _)| **key);
        taken.into_iter()
    }
}

fn marked(generation: u32, place: u32) -> u64 {
    u64::from(generation) << 32 | u64::from(place)
}
