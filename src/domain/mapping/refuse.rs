//! What a mapping's file makes impossible by itself, and what it may say and the engine does not do yet. Nothing of a file is passed over:
//! what is not carried out is refused, with its line.

use super::path::{FieldPath, ReferencePath};
use super::{BadMapping, FieldSource, Following, Mapping, SchemaStep, Several, UserReference};

impl Mapping {
    /// Refuses what no engine could do.
    pub(super) fn refuse_impossible(&self) -> Result<(), BadMapping> {
        self.refuse_references("booking", "customer", &self.booking.following)?;
        for (at, follow) in self.follow.iter().enumerate() {
            self.refuse_references(&format!("follow.{at}"), "to", follow)?;
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
        let user = &self.user;
        let deep = |paths: &[FieldPath]| !paths.iter().all(FieldPath::is_top_level);
        let unbuilt = [
            (!self.has_users(), "booking.guest"),
            (deep(&user.contact_paths), "user.contact"),
            (deep(&user.drop), "user.drop"),
            (user.business.is_some(), "user.business"),
            (!self.follow.is_empty(), "follow"),
            (
                self.customer.adopt_by_phone || !self.customer.adopt_by_email,
                "customer.adopt",
            ),
            (
                self.theme.as_deref().is_some_and(|it| it != "default"),
                "theme",
            ),
            (!self.keys.is_empty(), "keys"),
        ];
        let from = |source: &FieldSource| match source {
            FieldSource::Hop { .. } => false,
            FieldSource::Of(path) => self.names_a_source(path),
        };
        if !self.customer.fields.iter().all(|(_, source)| from(source)) {
            return Err(self.not_built("customer.fields"));
        }
        for (is_said, key) in unbuilt {
            if is_said {
                return Err(self.not_built(key));
            }
        }
        self.refuse_unbuilt_references()
    }

    fn refuse_unbuilt_references(&self) -> Result<(), BadMapping> {
        let booking = &self.booking.following;
        let unbuilt = [
            (booking.user.is_none(), "booking.user"),
            (booking.several != Several::First, "booking.several"),
            (
                !booking.drop.iter().all(FieldPath::is_top_level),
                "booking.drop",
            ),
            (booking.guest.is_some(), "booking.guest"),
        ];
        if let Some(UserReference::Path(user)) = &booking.user
            && !user.start.is_top_level()
            && booking.keep
        {
            // A new booking could not be given back in its place.
            return Err(self.not_built("booking.user"));
        }
        if let Some(UserReference::Email(path)) = &booking.user
            && !path.is_top_level()
        {
            return Err(self.not_built("booking.user"));
        }
        let hops = |path: &ReferencePath| !path.hops.is_empty();
        if self.business.owner.as_ref().is_some_and(hops) {
            return Err(self.not_built("business.owner"));
        }
        if let Some(at) = self.accounts.iter().position(|role| hops(&role.user)) {
            return Err(self.not_built(&format!("accounts.{at}.user")));
        }
        match unbuilt.iter().find(|(is_said, _)| *is_said) {
            Some((_, key)) => Err(self.not_built(key)),
            None => Ok(()),
        }
    }

    fn not_built(&self, key: &str) -> BadMapping {
        self.bad(
            key,
            format!("{key}: this version of ringfence reads this and cannot carry it out yet; nothing was changed. Remove it, or use a version that can"),
        )
    }
}
