//! The gate before a destructive action. The only way to a [`Confirmed`] is to type the database's name. Each destructive function takes
//! the `Confirmed` of its own [`Action`] by value, so no code path can skip it or use another's.

use crate::domain::evidence::Evidence;
use crate::domain::text::named;
use serde::{Deserialize, Serialize};

/// What a rollback does with what the application wrote since the cut-over. The run record holds it as the command line says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum New {
    /// It refuses, with counts.
    #[default]
    Refuse,
    /// It carries it back.
    Keep {
        /// Makes a user for each customer that the application made.
        create_users: bool,
    },
    /// It gives it up; it stays aside.
    Discard,
}

impl From<New> for String {
    fn from(new: New) -> Self {
        new.option().to_owned()
    }
}

impl TryFrom<String> for New {
    type Error = String;

    fn try_from(option: String) -> Result<Self, String> {
        let known = New::ALL.into_iter().find(|new| new.option() == option);
        known.ok_or_else(|| format!("this version knows no rollback with `{}`", option.trim()))
    }
}

impl New {
    /// Every choice.
    pub const ALL: [Self; 4] = [
        Self::Refuse,
        Self::Keep {
            create_users: false,
        },
        Self::Keep { create_users: true },
        Self::Discard,
    ];

    /// The next choice at the gate.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Refuse => Self::Keep {
                create_users: false,
            },
            Self::Keep { .. } => Self::Discard,
            Self::Discard => Self::Refuse,
        }
    }

    /// Its word at the gate.
    pub fn word(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Keep {
                create_users: false,
            } => "keep",
            Self::Keep { create_users: true } => "keep, and make users",
            Self::Discard => "discard",
        }
    }

    /// What a command line says for it, after `rollback --confirm DB`.
    pub fn option(self) -> &'static str {
        match self {
            Self::Refuse => "",
            Self::Keep {
                create_users: false,
            } => " --keep-new",
            Self::Keep { create_users: true } => " --keep-new --create-users",
            Self::Discard => " --discard-new",
        }
    }
}

/// What stands behind a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Destructive {
    /// The server refuses the writes of every application.
    BlockWrites,
    /// Customers and bookings are swapped.
    CutOver,
    /// Users are swapped.
    CleanUsers,
    /// Customer users leave.
    RetireUsers,
    /// What the after-schema asks is swapped in, in a step of its own.
    UpdateSchema,
    /// Renames the originals back.
    RollBack(New),
    /// Renames the originals back by a backup, without the run's record.
    RollBackUnrecorded,
    /// Drops the originals.
    Finish,
    /// Drops links, quarantine and run record.
    Purge,
    /// Overwrites collections from a backup.
    Restore,
    /// Takes the documents of strays in.
    TakeIn,
    /// Sets strays aside for good.
    SetAside,
    /// Runs the operator's own command, which makes and drops indexes.
    PushSchema,
    /// Builds the indexes again that such a command dropped.
    PutBackIndexes,
}

impl Destructive {
    /// What it is called at the gate.
    pub fn title(self) -> &'static str {
        match self {
            Self::BlockWrites => "Block writes",
            Self::CutOver => "Cut over",
            Self::CleanUsers => "Clean up users",
            Self::RetireUsers => "Retire customer users",
            Self::UpdateSchema => "Update the schema",
            Self::RollBack(New::Refuse) => "Roll back",
            Self::RollBack(New::Keep { .. }) => "Roll back and keep what was written since",
            Self::RollBack(New::Discard) => "Roll back and discard what was written since",
            Self::RollBackUnrecorded => "Roll back without the run's record",
            Self::Finish => "Delete the originals",
            Self::Purge => "Purge links, quarantine and run record",
            Self::Restore => "Restore from the backup",
            Self::TakeIn => "Take in the documents of strays",
            Self::SetAside => "Set strays aside",
            Self::PushSchema => "Push the schema",
            Self::PutBackIndexes => "Put the indexes back",
        }
    }
}

/// A destructive action with a type of its own.
pub trait Action: Copy {
    /// What it is called where any action may stand.
    fn destructive(self) -> Destructive;

    /// The action itself; `None` where `action` is another.
    fn of(action: Destructive) -> Option<Self>;
}

impl Action for Destructive {
    fn destructive(self) -> Destructive {
        self
    }

    fn of(action: Destructive) -> Option<Self> {
        Some(action)
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident = $destructive:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $action;

        impl Action for $action {
            fn destructive(self) -> Destructive {
                Destructive::$destructive
            }

            fn of(action: Destructive) -> Option<Self> {
                (action == Destructive::$destructive).then_some(Self)
            }
        }
    )*};
}

actions! {
    /// Sets the server's write block.
    BlockWrites = BlockWrites;
    /// Swaps customers and bookings.
    CutOver = CutOver;
    /// Swaps users.
    CleanUsers = CleanUsers;
    /// Takes customer users out of the users.
    RetireUsers = RetireUsers;
    /// Swaps in what the after-schema asks, in a step of its own.
    UpdateSchema = UpdateSchema;
    /// Renames the originals back by a backup, without the run's record.
    RollBackUnrecorded = RollBackUnrecorded;
    /// Drops the originals.
    DeleteOriginals = Finish;
    /// Drops links, quarantine and run record.
    Purge = Purge;
    /// Overwrites collections from a backup.
    Restore = Restore;
    /// Takes the documents of strays in.
    TakeIn = TakeIn;
    /// Sets strays aside for good.
    SetAside = SetAside;
    /// Runs the operator's own command, which makes and drops indexes.
    PushSchema = PushSchema;
    /// Builds the indexes again that such a command dropped.
    PutBackIndexes = PutBackIndexes;
}

/// Renames the originals back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollBack(pub New);

impl Action for RollBack {
    fn destructive(self) -> Destructive {
        Destructive::RollBack(self.0)
    }

    fn of(action: Destructive) -> Option<Self> {
        match action {
            Destructive::RollBack(new) => Some(Self(new)),
            Destructive::BlockWrites
            | Destructive::CutOver
            | Destructive::CleanUsers
            | Destructive::RetireUsers
            | Destructive::UpdateSchema
            | Destructive::RollBackUnrecorded
            | Destructive::Finish
            | Destructive::Purge
            | Destructive::Restore
            | Destructive::TakeIn
            | Destructive::SetAside
            | Destructive::PushSchema
            | Destructive::PutBackIndexes => None,
        }
    }
}

/// What the operator must know before confirming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The action.
    pub action: Destructive,
    /// Host and port.
    pub host: String,
    /// The replica set, if it is one.
    pub replica_set: Option<String>,
    /// The database; its name is what must be typed.
    pub database: String,
    /// The plan's hash at the moment the gate was opened; the action is refused when it no longer holds.
    pub plan_hash: String,
    /// What is true of the data, as it was read when the gate was opened.
    pub now: String,
    /// What it will do, line by line, with counts.
    pub will_do: Vec<String>,
    /// Where the backup is and when it was read back.
    pub backup: Evidence,
    /// What was proved, line by line.
    pub proof: Vec<Evidence>,
    /// Whether the application wrote since it was found to stand still.
    pub writers: Option<Evidence>,
    /// How to get back.
    pub way_back: Evidence,
    /// Originals that are gone, or do not hold what was there before; at the gate to delete them.
    pub lost: Vec<String>,
    /// What was written since the cut-over, by kind; at the gate to roll back.
    pub written: Vec<String>,
    /// What can become of it; at the gate to roll back.
    pub choices: Vec<WayBack>,
    /// Conditions that do not hold; the gate stays shut while there is one.
    pub missing: Vec<String>,
}

/// A choice at the gate to roll back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayBack {
    /// The choice.
    pub new: New,
    /// What becomes of what was written since, and what would be left behind.
    pub says: String,
}

impl WayBack {
    /// A choice with what it does.
    pub fn new(new: New, says: String) -> Self {
        Self { new, says }
    }
}

/// Why a gate stays shut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Shut {
    /// Nothing was typed.
    #[error("nothing was typed: type the database's name, {}, to confirm", named(.0))]
    Empty(String),
    /// Something else was typed.
    #[error("that is not the database's name: type {} exactly, or go back", named(.0))]
    Wrong(String),
    /// A condition does not hold.
    #[error("not yet: {0}")]
    Missing(String),
    /// Another action was confirmed.
    #[error("this confirmation is for another action ({0}). Nothing was changed")]
    Other(String),
}

/// Proof that the operator confirmed one action on one database for one plan.
#[derive(Debug, PartialEq, Eq)]
pub struct Confirmed<A = Destructive> {
    action: A,
    database: String,
    plan_hash: String,
}

impl Gate {
    /// The choice after the present one, of those that the gate shows.
    pub fn next_choice(&self) -> Option<New> {
        let Destructive::RollBack(new) = self.action else {
            return None;
        };
        if self.choices.is_empty() {
            return Some(new.next());
        }
        let at = self.choices.iter().position(|choice| choice.new == new);
        let next = at.map_or(0, |at| (at + 1) % self.choices.len());
        self.choices.get(next).map(|choice| choice.new)
    }

    /// Host, replica set and database: the first line of every gate.
    pub fn first_line(&self) -> String {
        match &self.replica_set {
            Some(set) => format!(
                "{} · replica set {set} · database {}",
                self.host, self.database
            ),
            None => format!("{} · standalone · database {}", self.host, self.database),
        }
    }

    /// Takes what was typed.
    ///
    /// # Errors
    /// Why the gate stays shut; nothing happens then.
    pub fn confirm(&self, typed: &str) -> Result<Confirmed, Shut> {
        if let Some(missing) = self.missing.first() {
            return Err(Shut::Missing(missing.clone()));
        }
        if typed.is_empty() {
            return Err(Shut::Empty(self.database.clone()));
        }
        if typed != self.database {
            return Err(Shut::Wrong(self.database.clone()));
        }
        Ok(Confirmed {
            action: self.action,
            database: self.database.clone(),
            plan_hash: self.plan_hash.clone(),
        })
    }
}

impl Confirmed {
    /// The confirmation of one action; the refusal where another one was confirmed.
    ///
    /// # Errors
    /// [`Shut::Other`].
    pub fn only<A: Action>(self) -> Result<Confirmed<A>, Shut> {
        match A::of(self.action) {
            Some(action) => Ok(Confirmed {
                action,
                database: self.database,
                plan_hash: self.plan_hash,
            }),
            None => Err(Shut::Other(self.action.title().to_owned())),
        }
    }
}

impl<A: Action> Confirmed<A> {
    /// The same confirmation, for the same action tried again after the server was out of reach.
    #[must_use]
    pub fn again(&self) -> Self {
        Self {
            action: self.action,
            database: self.database.clone(),
            plan_hash: self.plan_hash.clone(),
        }
    }

    /// The action that was confirmed.
    pub fn action(&self) -> A {
        self.action
    }

    /// The database whose name was typed.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The plan's hash when the gate was opened.
    pub fn plan_hash(&self) -> &str {
        &self.plan_hash
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn gate(missing: Vec<String>) -> Gate {
        Gate {
            action: Destructive::CutOver,
            host: "localhost:27017".into(),
            replica_set: Some("rs0".into()),
            database: "shop".into(),
            plan_hash: "abc".into(),
            now: String::new(),
            will_do: vec![],
            backup: Evidence::default(),
            proof: Vec::new(),
            writers: None,
            way_back: Evidence::default(),
            lost: Vec::new(),
            written: vec![],
            choices: vec![],
            missing,
        }
    }

    #[test]
    fn only_the_exact_name_of_the_database_opens_a_gate() {
        for wrong in ["", "Shop", "shop ", "yes"] {
            assert!(gate(vec![]).confirm(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(gate(vec![]).confirm("shop").unwrap().plan_hash(), "abc");
    }

    #[test]
    fn a_confirmation_serves_its_own_action_alone() {
        let confirmed = || gate(vec![]).confirm("shop").unwrap();
        assert_eq!(confirmed().only::<CutOver>().unwrap().plan_hash(), "abc");
        for other in [
            confirmed().only::<CleanUsers>().unwrap_err(),
            confirmed().only::<DeleteOriginals>().unwrap_err(),
            confirmed().only::<BlockWrites>().unwrap_err(),
            confirmed().only::<Purge>().unwrap_err(),
            confirmed().only::<Restore>().unwrap_err(),
            confirmed().only::<RollBack>().unwrap_err(),
        ] {
            assert_eq!(other, Shut::Other("Cut over".to_owned()));
        }
    }

    #[test]
    fn a_missing_condition_keeps_the_gate_shut_whatever_is_typed() {
        let shut = gate(vec!["no backup".into()]).confirm("shop").unwrap_err();
        assert_eq!(shut.to_string(), "not yet: no backup");
    }
}
