//! What a mapping of version 1 was: its form, as plans and run records keep it wherever it can say everything.

use super::form::Node;
use super::{BusinessReference, Evidence, Mapping, UserReference, VERIFIED, read};
use crate::domain::mapping::path::{FieldPath, ReferencePath};

impl Mapping {
    /// The form of version 1, where it says the same.
    pub(super) fn first_version(&self) -> Option<Node> {
        let evidence = Evidence::Field(FieldPath::field(VERIFIED));
        if self.user.evidence != [evidence] || !self.users_are_plain() {
            return None;
        }
        let top = |path: &Option<FieldPath>| {
            let path = path.as_ref()?;
            path.is_top_level().then(|| Node::text(path.top()))
        };
        let field = |path: &ReferencePath| path.as_field().map(Node::text);
        let accounts = self.accounts.iter().map(|role| {
            Some(Node::table([
                ("collection", Node::text(&role.collection)),
                ("user", field(&role.user)?),
            ]))
        });
        let accounts = accounts.collect::<Option<Vec<_>>>()?;
        let user = &self.user;
        let [password] = user.passwords.as_slice() else {
            return None;
        };
        let [business] = self.business.collections.as_slice() else {
            return None;
        };
        let service = self.service.as_ref()?;
        let Some(UserReference::Path(named)) = &self.booking.following.user else {
            return None;
        };
        let BusinessReference::Paths(_) = &self.booking.following.business else {
            return None;
        };
        let some = |text: &str| (!text.is_empty()).then(|| Node::text(text));
        let form = Node::table([
            ("accounts", Node::list(accounts)),
            (
                "user",
                Node::table([
                    ("collection", some(&user.collection)?),
                    ("name", some(&user.name)?),
                    ("email", some(&user.email)?),
                    ("password", top(&Some(password.clone()))?),
                    ("created", some(&user.created)?),
                    (
                        "contact",
                        Node::texts(user.contact.iter().map(String::as_str)),
                    ),
                    ("phone", some(&user.phone)?),
                    ("country", some(&user.country)?),
                ]),
            ),
            (
                "business",
                Node::table([
                    ("collection", Node::text(business)),
                    ("name", top(&self.business.name)?),
                    ("owner", field(self.business.owner.as_ref()?)?),
                ]),
            ),
            (
                "service",
                Node::table([
                    ("collection", Node::text(&service.collection)),
                    ("business", field(service.business.as_ref()?)?),
                ]),
            ),
            (
                "booking",
                Node::table([
                    ("collection", Node::text(&self.booking.collection)),
                    ("user", field(named)?),
                    ("service", field(self.booking.service.as_ref()?)?),
                    ("customer", Node::text(&self.booking.customer)),
                    ("created", top(&self.booking.created)?),
                ]),
            ),
            (
                "customer",
                Node::table([
                    ("collection", Node::text(&self.customer.collection)),
                    ("business", Node::text(&self.customer.business)),
                ]),
            ),
        ]);
        // Whatever else the mapping says, this form does not: it must read back as the same.
        let mut back = read::mapping(form.clone(), "").ok()?;
        back.name_fields().ok()?;
        (back == *self).then_some(form)
    }
}
