//! What a mapping's file makes impossible by itself, and what it may say and the engine does not do yet. Nothing of a file is passed over:
//! what is not carried out is refused, with its line.

use super::path::FieldPath;
use super::{
    BadMapping, FieldSource, Following, Guest, Mapping, SIDE_PREFIX, Several, UserReference,
};

/// Why the guests of a section cannot be carried out: the key, and what of it.
fn refused_guest(following: &Following, guest: &Guest) -> Option<(&'static str, String)> {
    if guest.members.is_empty() {
        let why = "names no member: say where a booking has the guest's name, e-mail or phone";
        return Some(("guest", why.to_owned()));
    }
    let known = |word: &String| guest.members.iter().any(|(member, _)| member == word);
    if !guest.identity.iter().any(known) {
        return Some((
            "guest",
            format!(
                "has none of the members by which guests are known ({}), so nobody could be told from anybody: add one, or name another in identity",
                guest.identity.join(", ")
            ),
        ));
    }
    let taken: Vec<FieldPath> = match &following.user {
        Some(UserReference::Path(path)) => vec![path.start.clone()],
        Some(UserReference::Email(path)) if !following.keep => vec![path.clone()],
        Some(UserReference::Email(_)) | None => Vec::new(),
    };
    let customer = FieldPath::field(&following.customer);
    for (at, (member, path)) in guest.members.iter().enumerate() {
        let before = guest.members[..at].iter().find(|(_, other)| other == path);
        if let Some((other, _)) = before {
            return Some((
                "guest",
                format!(
                    "has `{path}` as the guest's {member} and as {other} too; one field cannot be both"
                ),
            ));
        }
        if path.top() == "_id" {
            return Some((
                "guest",
                format!("has `{path}` as the guest's {member}, which no two bookings share"),
            ));
        }
        if following
            .drop
            .iter()
            .any(|drop| path.is_within(drop) || drop.is_within(path))
        {
            return Some((
                "drop",
                format!(
                    "takes `{path}` out of bookings, which is the guest's {member} and stays there"
                ),
            ));
        }
        if taken.contains(path) || *path == customer {
            return Some((
                "guest",
                format!("has `{path}` as the guest's {member}, which is a reference already"),
            ));
        }
    }
    None
}

impl Mapping {
    /// Refuses what no engine could do.
    pub(super) fn refuse_impossible(&self) -> Result<(), BadMapping> {
        self.refuse_references("booking", "customer", &self.booking.following)?;
        for (at, follow) in self.follow.iter().enumerate() {
            self.refuse_references(&format!("follow.{at}"), "to", follow)?;
        }
        self.refuse_impossible_names()?;
        self.refuse_impossible_entries()
    }

    /// A field of a document can be taken from one that bookings lead through.
    fn refuse_fields_of_strangers(&self) -> Result<(), BadMapping> {
        let hops = self.hops_to_users();
        for (field, source) in &self.customer.fields {
            if let FieldSource::Hop { collection, .. } = source
                && !hops.iter().any(|hop| hop.collection == *collection)
            {
                return Err(self.bad(
                    "customer.fields",
                    format!("customer.fields takes `{field}` from {collection}, and booking.user leads over no document of it"),
                ));
            }
        }
        Ok(())
    }

    /// Refuses collections that are the server's or the tool's own, a name made of no field, and what is given to a field that is never empty.
    fn refuse_impossible_names(&self) -> Result<(), BadMapping> {
        let roles = [
            ("user.collection", &self.user.collection),
            ("booking.collection", &self.booking.collection),
            ("customer.collection", &self.customer.collection),
        ];
        for (key, name) in roles {
            if name.starts_with(SIDE_PREFIX) || name.starts_with("system.") {
                let why = format!(
                    "{key}: `{name}` has a name that belongs to the server or to this tool; name a collection of the application"
                );
                return Err(self.bad(key, why));
            }
        }
        if self.user.names.is_empty() && self.lines.contains_key("user.name") {
            let why = "user.name: a list of fields names one at least; leave the key out where users have no name";
            return Err(self.bad("user.name", why.to_owned()));
        }
        let business = &self.customer.business;
        let defaults = self.customer.defaults.iter().map(|(field, _)| field);
        let given = [
            ("customer.defaults", defaults.collect::<Vec<_>>()),
            ("customer.nulls", self.customer.nulls.iter().collect()),
        ];
        for (key, fields) in given {
            if fields.contains(&business) {
                let why = format!(
                    "{key} names `{business}`, which every customer has: it is the reference to the business"
                );
                return Err(self.bad(key, why));
            }
        }
        Ok(())
    }

    fn refuse_references(
        &self,
        section: &str,
        to: &str,
        following: &Following,
    ) -> Result<(), BadMapping> {
        let bad = |key: &str, why: String| Err(self.bad(&format!("{section}.{key}"), why));
        if let Some(guest) = &following.guest {
            if let Some((key, why)) = refused_guest(following, guest) {
                return bad(key, format!("{section}.{key} {why}"));
            }
        } else if self.lines.contains_key(&format!("{section}.identity")) {
            return bad(
                "identity",
                format!(
                    "{section}.identity says by what guests are known, and there is no {section}.guest"
                ),
            );
        }
        if following.user.is_none() {
            let listed = following.several == Several::List;
            let said = [
                (following.keep, "keep"),
                (following.in_place, "in_place"),
                (listed, "several"),
            ];
            for (is_said, key) in said {
                if is_said {
                    return bad(
                        key,
                        format!(
                            "{section}.{key} is about the reference to a user, and there is no {section}.user"
                        ),
                    );
                }
            }
        }
        if following.keep && following.in_place {
            return bad(
                "in_place",
                format!(
                    "{section}.keep leaves the old reference where it is, and {section}.in_place gives its place to the new one: say one of the two"
                ),
            );
        }
        if let Some(UserReference::Email(_)) = &following.user
            && self.user.emails.is_none()
        {
            return bad(
                "user",
                format!(
                    "{section}.user names users by their e-mail, so user.email must say where they have it"
                ),
            );
        }
        let Some(UserReference::Path(path)) = &following.user else {
            return Ok(());
        };
        let same = path.start.is_top_level() && path.start.top() == following.customer;
        if same && !following.in_place {
            return bad(
                to,
                format!(
                    "{section}.user and {section}.{to} are both `{}`: give the new reference another name, or say in_place = true, so that it takes the old one's place",
                    following.customer
                ),
            );
        }
        if following.in_place && !same {
            return bad(
                "in_place",
                format!(
                    "{section}.in_place gives the new reference the old one's name and place, so {section}.{to} must be the field that {section}.user names"
                ),
            );
        }
        if path.start.goes_through_arrays() && !following.keep {
            return bad(
                "user",
                format!(
                    "{section}.user goes through an array of documents, out of which nothing can leave: say keep = true, and the old references stay"
                ),
            );
        }
        Ok(())
    }

    /// Refuses what the engine does not do yet.
    pub(super) fn refuse_unbuilt(&self) -> Result<(), BadMapping> {
        self.refuse_fields_of_strangers()?;
        for (_, source) in &self.customer.fields {
            let is_built = match source {
                FieldSource::Of(path) => self.names_a_source(path),
                FieldSource::Hop { .. } => true,
            };
            if !is_built {
                return Err(self.not_built("customer.fields"));
            }
        }
        self.refuse_unbuilt_references()
    }

    fn refuse_unbuilt_references(&self) -> Result<(), BadMapping> {
        self.refuse_two_kinds_of_business()
    }

    fn not_built(&self, key: &str) -> BadMapping {
        self.bad(
            key,
            format!("{key}: this version of ringfence reads this and cannot carry it out yet; nothing was changed. Remove it, or use a version that can"),
        )
    }
}
