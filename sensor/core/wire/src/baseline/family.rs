//! What a baseline tells, in families that are put on trial one by one.

use super::check::{NEW_ASSET, NEW_LINK, NEW_OBJECT, NEW_OPERATION, NEW_ORDER};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Links,
    Operations,
    Objects,
    Orders,
    Rhythms,
    Values,
}

impl Family {
    pub const ALL: [Self; 6] =
        [Self::Links, Self::Operations, Self::Objects, Self::Orders, Self::Rhythms, Self::Values];

    pub fn name(self) -> &'static str {
        match self {
            Self::Links => "links",
            Self::Operations => "operations",
            Self::Objects => "objects",
            Self::Orders => "orders",
            Self::Rhythms => "rhythms",
            Self::Values => "values",
        }
    }

    /// `None`: nothing that a baseline tells.
    pub fn of(cause: &str) -> Option<Self> {
        match cause {
            NEW_ASSET | NEW_LINK => Some(Self::Links),
            NEW_OPERATION => Some(Self::Operations),
            NEW_OBJECT => Some(Self::Objects),
            NEW_ORDER => Some(Self::Orders),
            _ if cause.starts_with("period:") => Some(Self::Rhythms),
            _ if cause.starts_with("value:") => Some(Self::Values),
            _ => None,
        }
    }
}

/// Some of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Families(u8);

impl Families {
    /// # Errors
    /// One line that names what is no family.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        names.into_iter().try_fold(Self::default(), |Self(bits), name| {
            let found = Family::ALL.into_iter().find(|family| family.name() == name);
            let known = || Family::ALL.map(Family::name).join(", ");
            let family = found.ok_or_else(|| format!("{name}: a baseline has these families: {}", known()))?;
            Ok(Self(bits | 1 << family as u8))
        })
    }

    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Family::ALL.into_iter().filter(move |family| self.0 & 1 << *family as u8 != 0).map(Family::name)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether what has this cause belongs to one of them.
    pub fn tell(self, cause: &str) -> bool {
        !self.is_empty() && Family::of(cause).is_some_and(|family| self.0 & 1 << family as u8 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_of_a_baseline_has_a_family() {
        let causes = crate::baseline::CAUSES.iter().chain(&crate::values::CAUSES);
        assert!(causes.clone().all(|cause| Family::of(cause).is_some()));
        let named = Families::named(["orders", "rhythms"]).unwrap();
        let told: Vec<_> = causes.filter(|cause| named.tell(cause)).copied().collect();
        assert_eq!(
            told,
            [
                "baseline:new_order",
                "period:slower",
                "period:faster",
                "period:irregular",
                "period:stopped",
                "period:resumed"
            ]
        );
        assert_eq!(named.names().collect::<Vec<_>>(), ["orders", "rhythms"]);
        assert!(Families::default().is_empty() && !Families::default().tell("baseline:new_link"));
        assert_eq!(Family::of("rule:1"), None);
        assert!(Families::named(["order"]).unwrap_err().contains("orders, rhythms"));
    }
}
