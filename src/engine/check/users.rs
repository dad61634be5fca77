//! Feeding the proof of the users: the originals beside what is live, those who retired and those who were set aside; and, once somebody is gone,
//! every other collection, whole.

use crate::domain::invariant::{Accounts, Whereabouts};
use crate::domain::mapping::{LINKS, RETIRED, SET_ASIDE, SIDE_PREFIX, is_quarantine};
use crate::domain::rebuilt::Rebuilt;
use crate::domain::schema_change::undo::Known;
use crate::engine::after_schema::lens::{change_of, undone};
use crate::engine::check::{Checked, fields};
use crate::engine::error::Result;
use crate::engine::session::{Session, Workspace};
use crate::engine::{Watcher, counted};
use crate::store::collection_spec;
use crate::store::scan::{self, Scan};
use crate::store::side_by_side::{Hashes, SideBySide};

impl Session {
    /// Checks the users that stand in `current`. `base` is what was live before those who retire left: users are compared with that, since
    /// the application may have written meanwhile; without it they are compared with the original.
    pub(crate) async fn check_users(
        &self,
        which: &Rebuilt,
        base: Option<&str>,
        current: &str,
        watcher: &Watcher,
    ) -> Result<Checked> {
        let mut ledger = self.ledger_of_users(watcher).await?;
        self.expect_cleaned(&mut ledger)?;
        let database = &self.work.connection.database;
        let names = collection_spec::uuids(&self.work.connection).await?;
        let gone = [RETIRED, SET_ASIDE].map(|name| names.contains_key(name).then_some(name));
        let mut accounts = self.accounts(gone, watcher).await?;
        let companions: Vec<&str> = std::iter::once(current)
            .chain(gone.into_iter().flatten())
            .collect();
        let source = self.layout.source(which).unwrap_or_default();
        let total = scan::rough_count(database, &source).await;
        let mut pages = SideBySide::of(database, &source, &companions, Hashes::Companion)?;
        let (mut done, mut came) = (0, 0);
        let change = change_of(&self.work.mapping, which);
        while let Some(page) = pages.next().await? {
            self.work.between_batches(watcher)?;
            for met in page.rows() {
                let of = |name: Option<&str>| {
                    let at = companions.iter().position(|it| Some(*it) == name)?;
                    met.partners.get(at).copied().flatten()
                };
                let known = Known::Document(met.original);
                let live = of(Some(current)).map(|live| undone(change, live, known));
                let live = live.transpose()?;
                let now = Whereabouts {
                    live: live.as_deref(),
                    retired: of(gone[0]),
                    aside: of(gone[1]),
                };
                accounts.user(met.original, now, base.is_some());
                let stays = now.live.is_some() || now.retired.is_none() && now.aside.is_none();
                if base.is_none() && stays {
                    ledger.document(which, met.original, now.live);
                }
            }
            for (at, extra) in page.unmatched() {
                if at > 0 {
                    accounts.extra(extra, companions[at]);
                } else if base.is_none() && !self.layout.is_swapped(which) {
                    ledger.extra(which, extra, current);
                } else if base.is_none() {
                    came += 1; // the application made them: a copy of ours was proved before it was live
                }
            }
            done += page.len() as u64;
            watcher.says(which.checking(), done, total);
        }
        let fingerprint = pages.fingerprint();
        if let Some(base) = base {
            self.work
                .compare_with_base(&mut accounts, (base, current), watcher)
                .await?;
        }
        if accounts.anybody_gone() {
            self.look_for_dangling(&mut accounts, (which, current), watcher)
                .await?;
        }
        self.work.tables_hold()?;
        let equations = accounts.close();
        let mut checked = Checked::of(ledger, equations).with(which, fingerprint);
        checked.wrong += accounts.wrong;
        checked.findings.extend(accounts.findings);
        if came > 0 {
            checked.notes.push(format!(
                "{} came since the cut-over",
                counted(came, "user", "users")
            ));
        }
        Ok(checked)
    }

    /// Who is gone, who has a customer, and who is named as an account holder.
    async fn accounts(
        &self,
        [retired, aside]: [Option<&'static str>; 2],
        watcher: &Watcher,
    ) -> Result<Accounts> {
        let mapping = &self.work.mapping;
        let mut accounts = Accounts::new(mapping.clone(), &self.work.memory);
        let place = (&self.work.connection.database, None);
        let cancel = &watcher.cancel;
        let ids = fields(&["_id"]);
        if let Some(name) = retired {
            scan::each(place, name, &ids, cancel, |it| {
                accounts.retired(it);
                Ok(())
            })
            .await?;
        }
        if let Some(name) = aside {
            scan::each(place, name, &ids, cancel, |it| {
                accounts.set_aside(it);
                Ok(())
            })
            .await?;
        }
        if accounts.anybody_gone() {
            let customers = self.layout.place(&mapping.customers());
            scan::each(place, &customers, &ids, cancel, |it| {
                accounts.customer(it);
                Ok(())
            })
            .await?;
            let links = fields(&["_id", "kind", "users"]);
            scan::each(place, LINKS, &links, cancel, |it| {
                accounts.link(it);
                Ok(())
            })
            .await?;
        }
        for step in accounts.named_in() {
            let name = self.layout.original_of(mapping, &step.collection);
            let scan = fields(&step.fields());
            scan::each(place, &name, &scan, cancel, |it| {
                accounts.names(it, &step);
                Ok(())
            })
            .await?;
        }
        Ok(accounts)
    }

    /// Every document that stands, whole: none may refer to somebody who is gone.
    async fn look_for_dangling(
        &self,
        accounts: &mut Accounts,
        (users, current): (&Rebuilt, &str),
        watcher: &Watcher,
    ) -> Result<()> {
        let place = (&self.work.connection.database, None);
        for (name, spec) in collection_spec::load_all(&self.work.connection).await? {
            let side = name.starts_with(SIDE_PREFIX) && !is_quarantine(&name);
            if spec.kind == "view" || side || name.starts_with("system.") {
                continue;
            }
            let is_user = name == self.layout.live(users);
            let read = if is_user { current } else { name.as_str() };
            watcher.says(&format!("reading {read}"), 0, 0);
            scan::each(place, read, &Scan::default(), &watcher.cancel, |it| {
                accounts.refers(&name, it, is_user);
                Ok(())
            })
            .await?;
        }
        Ok(())
    }
}

impl Workspace {
    /// The users before those who retire left, beside the users without them.
    async fn compare_with_base(
        &self,
        accounts: &mut Accounts,
        (base, current): (&str, &str),
        watcher: &Watcher,
    ) -> Result<()> {
        let database = &self.connection.database;
        let base = base.to_owned();
        let users = self.mapping.users();
        let change = change_of(&self.mapping, &users);
        let both = [current, RETIRED];
        let mut pages = SideBySide::of(database, &base, &both, Hashes::Companion)?;
        while let Some(page) = pages.next().await? {
            self.between_batches(watcher)?;
            for met in page.rows() {
                let of = |at: usize| met.partners.get(at).copied().flatten();
                match (of(0), of(1)) {
                    // Who retired is kept as the original has it.
                    (None, Some(retired)) => {
                        let was = undone(change, met.original, Known::Document(retired))?;
                        accounts.swapped(&was, None, Some(retired));
                    }
                    (live, retired) => accounts.swapped(met.original, live, retired),
                }
            }
            for (at, extra) in page.unmatched() {
                accounts.extra(extra, both[at]);
            }
        }
        Ok(())
    }
}
