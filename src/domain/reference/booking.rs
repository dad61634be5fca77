//! The references of a booking: read in one pass, and what of a booking changes when it points at a customer instead of a user.

use bson::raw::RawDocument;

use super::path::{Path, Reading};
use crate::domain::id::Id;
use crate::domain::mapping::Mapping;
use crate::domain::raw::{Builder, Malformed, Value, elements, get, kind};

/// The paths of a booking, as the mapping says them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingPaths {
    user: Path,
    business: Path,
    customer: String,
    created: String,
}

/// What a booking says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// `_id`.
    pub id: Option<Id>,
    /// By which it finds its user.
    pub user: Reading,
    /// By which it finds its business.
    pub business: Reading,
    /// The customer, unless missing or null.
    pub customer: Option<Id>,
    /// The creation date.
    pub created: Option<i64>,
}

/// The service that a booking names, for its name alone.
pub fn service_of(mapping: &Mapping, document: &RawDocument) -> Option<Id> {
    let value = get(document, &mapping.booking.service)?;
    (!value.is_blank()).then(|| Id::from_value(value))
}

/// The reference that leaves a booking, as the mapping writes it.
pub fn leaving(mapping: &Mapping) -> String {
    BookingPaths::of(mapping).user.text().to_owned()
}

impl BookingPaths {
    /// Those of a mapping.
    pub fn of(mapping: &Mapping) -> Self {
        let booking = &mapping.booking;
        let service = &mapping.service;
        Self {
            user: Path::field(&booking.user),
            business: Path::field(&booking.service).then(&service.collection, &service.business),
            customer: booking.customer.clone(),
            created: booking.created.clone(),
        }
    }

    /// How a booking finds its user.
    pub fn user(&self) -> &Path {
        &self.user
    }

    /// How a booking finds its business.
    pub fn business(&self) -> &Path {
        &self.business
    }

    /// The field of the customer.
    pub fn customer(&self) -> &str {
        &self.customer
    }

    /// Reads a booking, in one pass.
    pub fn read(&self, document: &RawDocument) -> References {
        let (user, business) = (self.user.key().as_bytes(), self.business.key().as_bytes());
        let (customer, created) = (self.customer.as_bytes(), self.created.as_bytes());
        let mut references = References::default();
        let mut seen = [false; 5];
        for element in elements(document).map_while(Result::ok) {
            let (key, value) = (element.key, element.value);
            let at = if key == b"_id" {
                0
            } else if key == user {
                1
            } else if key == business {
                2
            } else if key == customer {
                3
            } else if key == created {
                4
            } else {
                continue;
            };
            if std::mem::replace(&mut seen[at], true) {
                continue; // of a repeated key the first one counts, as for the server
            }
            match at {
                0 => references.id = Some(Id::from_value(value)),
                1 => references.user = self.user.read_under(value),
                2 => references.business = self.business.read_under(value),
                3 => {
                    let named = Some(value).filter(|value| value.kind != kind::NULL);
                    references.customer = named.map(Id::from_value);
                }
                _ => references.created = value.as_date(),
            }
        }
        references
    }

    /// The booking without its reference to a user and, with `replaces`, without the old customer; a customer can be appended.
    ///
    /// # Errors
    /// A document that is not BSON.
    pub fn without_user(
        &self,
        document: &RawDocument,
        replaces: bool,
    ) -> Result<Builder, Malformed> {
        let (user, customer) = (self.user.key().as_bytes(), self.customer.as_bytes());
        let mut out = Builder::new(document.as_bytes().len() + 32);
        for element in elements(document) {
            let element = element?;
            if element.key != user && !(replaces && element.key == customer) {
                out.element(&element);
            }
        }
        Ok(out)
    }

    /// The element by which a booking names this user.
    pub fn naming(&self, user: Value<'_>) -> Vec<u8> {
        self.user.element(user)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::mapping::DEFAULT;
    use bson::{RawDocumentBuf, rawdoc};

    fn paths() -> BookingPaths {
        BookingPaths::of(&Mapping::parse(DEFAULT).unwrap())
    }

    /// The documents' elements one after another: repeated keys stay.
    fn joined(documents: &[RawDocumentBuf]) -> RawDocumentBuf {
        let mut out = Builder::new(0);
        for element in documents.iter().flat_map(|it| elements(it)) {
            out.element(&element.unwrap());
        }
        out.finish()
    }

    #[test]
    fn a_booking_says_its_references_in_any_order_of_its_fields() {
        let created = bson::DateTime::from_millis(7);
        let fields = [
            rawdoc! { "createdAt": created },
            rawdoc! { "serviceId": "s" },
            rawdoc! { "note": { "userId": "not this one" } },
            rawdoc! { "customerId": "c" },
            rawdoc! { "_id": "b" },
            rawdoc! { "userId": "u" },
        ];
        let mut backwards = fields.clone();
        backwards.reverse();
        let said = paths().read(&joined(&fields));
        assert_eq!(said, paths().read(&joined(&backwards)));
        assert_eq!(said.id, Some(Id::string("b")));
        assert_eq!(said.user.named(), Some(&Id::string("u")));
        assert_eq!(said.business.named(), Some(&Id::string("s")));
        assert_eq!(said.customer, Some(Id::string("c")));
        assert_eq!(said.created, Some(7));
    }

    #[test]
    fn what_is_missing_or_null_is_no_reference() {
        for booking in [
            rawdoc! { "_id": "b" },
            rawdoc! { "_id": "b", "userId": null, "serviceId": null, "customerId": null, "createdAt": null },
        ] {
            let only_id = References {
                id: Some(Id::string("b")),
                ..References::default()
            };
            assert_eq!(paths().read(&booking), only_id, "{booking:?}");
        }
    }

    #[test]
    fn of_a_repeated_field_the_first_one_is_read_and_all_of_them_leave() {
        let twice = joined(&[
            rawdoc! { "_id": "b", "userId": null, "a": 1 },
            rawdoc! { "userId": "u", "customerId": "c" },
            rawdoc! { "customerId": "d" },
        ]);
        let said = paths().read(&twice);
        assert_eq!(said.user.named(), None);
        assert_eq!(said.customer, Some(Id::string("c")));
        let kept = paths().without_user(&twice, false).unwrap().finish();
        let customers = joined(&[
            rawdoc! { "_id": "b", "a": 1, "customerId": "c" },
            rawdoc! { "customerId": "d" },
        ]);
        assert_eq!(kept, customers);
        let bare = paths().without_user(&twice, true).unwrap().finish();
        assert_eq!(bare, rawdoc! { "_id": "b", "a": 1 });
    }

    #[test]
    fn a_booking_names_again_the_user_that_it_named() {
        let booking = rawdoc! { "_id": "b", "userId": "u" };
        let mut back = paths().without_user(&booking, true).unwrap();
        back.whole(&paths().naming(Id::string("u").value()));
        assert_eq!(back.finish(), booking);
        let mapping = Mapping::parse(
            &DEFAULT.replace("user = \"userId\"\nservice", "user = \"guest\"\nservice"),
        );
        assert_eq!(leaving(&mapping.unwrap()), "guest");
    }
}
