//! Decisions: the operator's answers to conflicts. Undecided stays undecided; a suggestion is never applied silently to a
//! blocker.

use std::collections::BTreeMap;

use super::accepted::Accepted;
use super::conflict::{Choice, Code, Conflict, ConflictKey, Severity};
use super::id::Id;
use super::mapping::UserRole;
use super::survivorship::Survivor;

/// What an answer `assign` names its business by.
pub const ASSIGN_TO: &str = "business";

/// How contact fields leave the users whose data was copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contact {
    /// The fields go.
    #[default]
    Remove,
    /// The fields stay, with null in them.
    Null,
}

impl Contact {
    /// Its word in the decisions file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::Null => "null",
        }
    }

    /// The one of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Remove, Self::Null]
            .into_iter()
            .find(|it| it.word() == word)
    }
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What to do.
    pub choice: Choice,
    /// Which record gives a merged customer its values; `None` for what holds for the business, or for all.
    pub survivor: Option<Survivor>,
    /// Whose value a merged customer takes, by field.
    pub pick: BTreeMap<String, Id>,
    /// Values typed by hand, by field.
    pub set: BTreeMap<String, String>,
    /// The operator's own words.
    pub note: String,
}

impl Decision {
    /// The answer `choice`, nothing set by hand.
    pub fn new(choice: Choice) -> Self {
        Self {
            choice,
            survivor: None,
            pick: BTreeMap::new(),
            set: BTreeMap::new(),
            note: String::new(),
        }
    }

    /// True when more was said than the choice: a rule, a pick or a typed value.
    pub fn is_by_hand(&self) -> bool {
        self.survivor.is_some() || !self.pick.is_empty() || !self.set.is_empty()
    }
}

/// All answers: one line per code for the many, single ones that override it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    /// What holds for every conflict of a code that has no answer of its own.
    pub policy: BTreeMap<Code, Choice>,
    /// Which record gives a merged customer its values, where nothing else is said.
    pub survivor: Survivor,
    /// The same for single businesses.
    pub survivor_at: BTreeMap<Id, Survivor>,
    /// The business, by id or name, of every answer `assign` that names none.
    pub assign: Option<String>,
    /// How contact fields leave users.
    pub contact: Contact,
    /// Single answers.
    pub single: BTreeMap<ConflictKey, Decision>,
    /// Numbers that were confirmed.
    pub accepted: BTreeMap<Accepted, u64>,
    /// Answers to what an after-schema asks, by what it is: `Customer.updatedAt`; `*` is for all that can be accepted.
    pub schema: BTreeMap<String, String>,
}

impl Decisions {
    /// The suggestion for every code: what `--defaults` says.
    pub fn defaults() -> Self {
        Self {
            policy: Code::ALL
                .iter()
                .filter(|code| code.suggests())
                .map(|code| (*code, code.suggestion()))
                .collect(),
            ..Self::default()
        }
    }

    /// Adds the suggestion for every code that has no policy yet, those of followed collections too.
    pub fn fill_with_suggestions(&mut self, followed: &[Code]) {
        let codes = Code::ALL.iter().chain(followed);
        for code in codes.filter(|code| code.suggests()) {
            self.policy.entry(*code).or_insert(code.suggestion());
        }
    }

    /// The answer to the conflict `key`, if there is one.
    pub fn answer(&self, key: &ConflictKey) -> Option<Decision> {
        self.single.get(key).cloned().or_else(|| {
            self.policy
                .get(&key.code)
                .map(|choice| Decision::new(*choice))
        })
    }

    /// The choice that holds for `key`: the answer, else the suggestion (a blocker without an answer stops earlier).
    pub fn choice(&self, key: &ConflictKey) -> Choice {
        self.single
            .get(key)
            .map(|decision| decision.choice)
            .or_else(|| self.policy.get(&key.code).copied())
            .unwrap_or(key.code.suggestion())
    }

    /// The survivor rule that holds for `key`: its own, its business's, or the one for all.
    pub fn survivor(&self, key: &ConflictKey) -> Survivor {
        let own = self.single.get(key).and_then(|decision| decision.survivor);
        let business = key.business.as_ref();
        own.or_else(|| self.survivor_at.get(business?).copied())
            .unwrap_or(self.survivor)
    }

    /// True when `key` has an answer.
    pub fn is_decided(&self, key: &ConflictKey) -> bool {
        self.single.contains_key(key) || self.policy.contains_key(&key.code)
    }

    /// The conflicts that hold everything up: blockers without an answer.
    pub fn undecided_blockers<'c>(
        &self,
        conflicts: &'c [Conflict],
    ) -> impl Iterator<Item = &'c Conflict> {
        conflicts.iter().filter(|conflict| {
            conflict.key.code.severity() == Severity::Blocker && !self.is_decided(&conflict.key)
        })
    }
}

/// The same answer for all undecided conflicts that are alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alike {
    /// Of this kind; of every kind while `None`.
    pub code: Option<Code>,
    /// That touch this business.
    pub business: Option<Id>,
    /// The answer; each kind's suggestion while `None`.
    pub choice: Option<Choice>,
    /// With this survivor rule.
    pub survivor: Option<Survivor>,
}

impl Alike {
    /// True for a conflict that it answers, unless that has an answer.
    pub fn covers(&self, conflict: &Conflict) -> bool {
        self.fits(&conflict.key, &conflict.businesses)
    }

    /// The same for a conflict's key and the businesses that it touches.
    pub fn fits(&self, key: &ConflictKey, businesses: &[Id]) -> bool {
        self.code.is_none_or(|code| key.code == code)
            && self
                .business
                .as_ref()
                .is_none_or(|it| businesses.contains(it))
    }
}

/// Why a value typed by hand is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    /// A blank name.
    #[error("a name cannot be blank")]
    BlankName,
    /// No business.
    #[error("name a business, by its id or its name")]
    NoBusiness,
    /// Not an address.
    #[error(
        "this is not an e-mail address (it needs one @, a name before it and a domain with a dot behind it)"
    )]
    NotAnAddress,
    /// A field that a conflict of this kind does not let one set.
    #[error("{0} cannot be set here; {1}")]
    NoSuchField(String, String),
}

/// The fields that an answer to a conflict of this kind may set by hand.
pub fn settable(code: Code, role: &UserRole) -> Vec<&str> {
    match code {
        Code::DuplicateEmail | Code::SamePhone | Code::SameMailbox => role.completeness().collect(),
        Code::MissingName => vec![&role.name],
        Code::MissingEmail | Code::InvalidEmail => vec![&role.email],
        Code::IdleUser => vec![ASSIGN_TO],
        Code::BookingWithoutUser
        | Code::BookingWithoutBusiness
        | Code::BusinessDisagrees
        | Code::SeveralUsers
        | Code::Followed(_)
        | Code::IdTwins
        | Code::MaySignIn
        | Code::DeletedUser
        | Code::EmailSpelling
        | Code::CustomerUnique
        | Code::UserUnique
        | Code::BookingUnique
        | Code::CustomerExists
        | Code::AlreadyLinked
        | Code::IdTypeMismatch
        | Code::AccountAlsoCustomer
        | Code::ContactOnlyOnAccount
        | Code::ContactShared
        | Code::ReferencedElsewhere
        | Code::UnsafeText => Vec::new(),
    }
}

/// Checks a value typed by hand for `field`; returns it trimmed.
pub fn check_value(role: &UserRole, field: &str, text: &str) -> Result<String, BadValue> {
    let text = text.trim();
    if field == ASSIGN_TO && text.is_empty() {
        return Err(BadValue::NoBusiness);
    }
    if field == role.name && text.is_empty() {
        return Err(BadValue::BlankName);
    }
    if field == role.email && !super::email::is_address(text) {
        return Err(BadValue::NotAnAddress);
    }
    Ok(text.to_owned())
}

/// Checks what a decision says beyond its choice, and trims it.
///
/// # Errors
/// The field, and what is wrong with it.
pub fn check(role: &UserRole, key: &ConflictKey, decision: &mut Decision) -> Result<(), String> {
    let allowed = settable(key.code, role);
    let known = |field: &str, of: &[&str]| {
        if of.contains(&field) {
            return Ok(());
        }
        let may = if of.is_empty() {
            format!("an answer to {} sets no values", key.code)
        } else {
            format!("it takes {}", of.join(", "))
        };
        Err(BadValue::NoSuchField(field.to_owned(), may).to_string())
    };
    for (field, value) in &mut decision.set {
        known(field, &allowed)?;
        *value = check_value(role, field, value).map_err(|why| format!("{field}: {why}"))?;
    }
    let group = if key.code.is_group() {
        &allowed[..]
    } else {
        &[]
    };
    for (field, user) in &decision.pick {
        known(field, group)?;
        if !key.subjects.contains(user) {
            return Err(format!(
                "{field}: user {user} is none of this conflict's users"
            ));
        }
    }
    if decision.survivor.is_some() && !key.code.is_group() {
        return Err(format!("an answer to {} has no survivor", key.code));
    }
    Ok(())
}
