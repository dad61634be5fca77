//! The guide's own lists under the steps that are the operator's work: each item is noted on its own.

use super::rows::Step;

/// An item of the guide under a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Its word in the run record.
    pub word: &'static str,
    /// What is to be done.
    pub title: &'static str,
    /// Its line of the guide.
    pub guide: &'static str,
}

const fn item(word: &'static str, title: &'static str, guide: &'static str) -> Item {
    Item { word, title, guide }
}

const API: &[Item] = &[
    item(
        "customers",
        "Customer endpoints: use the Customer model",
        "Customer endpoints",
    ),
    item(
        "bookings",
        "Booking endpoints: the new reference instead of the old one",
        "Booking endpoints",
    ),
    item(
        "authentication",
        "Authentication: unchanged, still the User model",
        "Authentication",
    ),
    item(
        "businesses",
        "Business operations: unchanged, still the Business model",
        "Business operations",
    ),
];

const FRONTEND: &[Item] = &[
    item(
        "customers",
        "Customer management: update API calls",
        "Customer management",
    ),
    item(
        "forms",
        "Booking forms: update data structure",
        "Booking forms",
    ),
    item(
        "lists",
        "Customer lists: update data display",
        "Customer lists",
    ),
];

const TEST: &[Item] = &[
    item(
        "customers",
        "Customers are created and edited",
        "Test customer creation/editing",
    ),
    item(
        "bookings",
        "Bookings are created and managed",
        "Test booking creation/management",
    ),
    item(
        "members",
        "Team members can work",
        "Test team member operations",
    ),
    item(
        "settings",
        "Business settings work",
        "Test business settings",
    ),
    item(
        "access",
        "Access controls hold",
        "Verify proper access controls",
    ),
];

const MONITOR: &[Item] = &[
    item(
        "performance",
        "Query performance is watched",
        "Monitor database query performance",
    ),
    item(
        "slow-queries",
        "Slow queries are looked for",
        "Check for any slow queries",
    ),
    item(
        "indexes",
        "Indexes are added where needed",
        "Optimize indexes if needed",
    ),
    item("audit", "Audit logs are watched", "Monitor audit logs"),
    item(
        "access",
        "Unauthorized access attempts are looked for",
        "Check for unauthorized access attempts",
    ),
    item(
        "documentation",
        "Documentation is updated",
        "Update documentation",
    ),
    item(
        "team",
        "The team knows the new structure",
        "Train team on new structure",
    ),
    item(
        "scripts",
        "Custom scripts are updated",
        "Update any custom scripts",
    ),
];

/// What a note is on: a step, or one item of its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteOn {
    /// The step.
    pub step: Step,
    /// The item, unless the note is on the whole step.
    pub item: Option<&'static Item>,
}

impl NoteOn {
    /// A note on the whole step.
    pub const fn step(step: Step) -> Self {
        Self { step, item: None }
    }

    /// Where it stands in the run record.
    pub fn key(self) -> String {
        match self.item {
            Some(item) => format!("{}:{}", self.step.word(), item.word),
            None => self.step.word().to_owned(),
        }
    }

    /// What that key means; `None` for one that this version does not know.
    pub fn of_key(key: &str) -> Option<Self> {
        let (step, item) = match key.split_once(':') {
            Some((step, item)) => (step, Some(item)),
            None => (key, None),
        };
        let step = Step::from_word(step)?;
        let item = match item {
            Some(word) => Some(step.items().iter().find(|it| it.word == word)?),
            None => None,
        };
        Some(Self { step, item })
    }

    /// What it is called: "API endpoints", or the item's title.
    pub fn title(self) -> &'static str {
        self.item
            .map_or_else(|| self.step.title(), |item| item.title)
    }
}

impl Step {
    /// The items of the guide's list under this step.
    pub fn items(self) -> &'static [Item] {
        match self.word() {
            "api" => API,
            "frontend" => FRONTEND,
            "test" => TEST,
            "monitor" => MONITOR,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_has_its_own_key_and_a_line_of_the_guide_that_its_step_carries() {
        let mut keys = std::collections::BTreeSet::new();
        for step in Step::ALL {
            for item in step.items() {
                let on = NoteOn {
                    step: *step,
                    item: Some(item),
                };
                assert!(keys.insert(on.key()), "{}", on.key());
                assert_eq!(NoteOn::of_key(&on.key()), Some(on));
                assert!(
                    step.row().guide.contains(&item.guide),
                    "{} of {}",
                    item.guide,
                    step.title()
                );
            }
        }
        assert_eq!(keys.len(), 20);
    }
}
