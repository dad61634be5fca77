//! People's words for documents: who somebody is, when a booking is and what it is for, what a kind of conflict is called. All that comes out
//! is safe to draw.

use bson::raw::RawDocument;

use super::calendar;
use super::conflict::Code;
use super::mapping::Mapping;
use super::mapping::path::FieldPath;
use super::number::Millis;
use super::raw::{elements, get};
use super::text::{mask, safe};

/// What somebody or something without a name is called.
pub const NO_NAME: &str = "(no name)";

/// Characters of a name or an e-mail.
const WIDTH: usize = 60;

/// Somebody, or something with a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    /// The name; "" where there is none.
    pub name: String,
    /// The e-mail; "" where there is none.
    pub email: String,
}

impl Who {
    /// Whose document this is, by its fields.
    ///
    /// A user's document is given as its role sees it (`UserRole::view`).
    pub fn of(document: &RawDocument, name: &str, email: Option<&str>) -> Self {
        let text = |field: &str| {
            let value = get(document, field).and_then(|value| value.as_str());
            safe(value.unwrap_or_default().trim(), WIDTH)
        };
        Self {
            name: text(name),
            email: email.map(text).unwrap_or_default(),
        }
    }

    /// "Ann Smith <ann@example.org>"; "" where nothing is known.
    pub fn words(&self) -> String {
        match (self.name.is_empty(), self.email.is_empty()) {
            (false, false) => format!("{} <{}>", self.name, self.email),
            (false, true) => self.name.clone(),
            (true, _) => self.email.clone(),
        }
    }

    /// The name, or else the e-mail, or that there is neither.
    pub fn short(&self) -> String {
        match (self.name.is_empty(), self.email.is_empty()) {
            (false, _) => self.name.clone(),
            (true, false) => self.email.clone(),
            (true, true) => NO_NAME.to_owned(),
        }
    }

    /// The same with everything but first letters hidden.
    #[must_use]
    pub fn masked(&self) -> Self {
        let hidden = |text: &str| {
            let words: Vec<_> = text.split_whitespace().map(mask).collect();
            words.join(" ")
        };
        Self {
            name: hidden(&self.name),
            email: mask(&self.email),
        }
    }
}

/// What is said of a booking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BookingWords {
    /// When it is, in milliseconds since 1970.
    pub when: Option<Millis>,
    /// The service's name, or that there is none.
    pub service: String,
    /// Whom it names now.
    pub was: String,
    /// Whom it names afterwards.
    pub becomes: String,
}

impl BookingWords {
    /// "14 Mar 2025 10:00", or that the booking has no date.
    pub fn when(&self) -> String {
        self.when
            .map_or_else(|| "(no date)".to_owned(), calendar::minute)
    }
}

/// When a booking is: its first date that does not say when the document was written.
pub fn booking_time(mapping: &Mapping, document: &RawDocument) -> Option<Millis> {
    let role = &mapping.booking;
    if let Some(when) = &role.when {
        return when.value(document).and_then(|value| value.as_date());
    }
    let found = first_date(mapping, document).map(|(_, date)| date);
    found.or_else(|| {
        let value = role.created.as_ref()?.value(document)?;
        value.as_date()
    })
}

/// The field of a booking whose date [`booking_time`] gives, where the mapping names none.
pub fn date_field(mapping: &Mapping, document: &RawDocument) -> Option<String> {
    let created = || mapping.booking.created.as_ref().map(ToString::to_string);
    let found = first_date(mapping, document).map(|(field, _)| field);
    found.or_else(created)
}

/// The first date that does not say when the document was written, and its field.
fn first_date(mapping: &Mapping, document: &RawDocument) -> Option<(String, Millis)> {
    let created = mapping.booking.created.as_ref();
    let written = |key: &[u8]| {
        created.is_some_and(|created| created.top().as_bytes() == key)
            || key.eq_ignore_ascii_case(b"createdAt")
            || key.eq_ignore_ascii_case(b"updatedAt")
            || key.eq_ignore_ascii_case(b"deletedAt")
            || key.eq_ignore_ascii_case(b"created_at")
            || key.eq_ignore_ascii_case(b"updated_at")
    };
    let mut dates = elements(document)
        .map_while(Result::ok)
        .filter(|element| !written(element.key))
        .filter_map(|element| {
            let field = String::from_utf8_lossy(element.key).into_owned();
            Some((field, element.value.as_date()?))
        });
    dates.next()
}

/// What stands at a path, as a name.
pub fn named_at(document: &RawDocument, path: &FieldPath) -> Who {
    let value = path.value(document).and_then(|value| value.as_str());
    Who {
        name: safe(value.unwrap_or_default().trim(), WIDTH),
        email: String::new(),
    }
}

/// A service's name: where the mapping says that it stands, or else by the usual fields.
pub fn service_name(mapping: &Mapping, document: &RawDocument) -> Who {
    let path = mapping.service.as_ref().and_then(|role| role.name.as_ref());
    if let Some(path) = path {
        return named_at(document, path);
    }
    let named = ["name", "title", "label"]
        .into_iter()
        .map(|field| Who::of(document, field, None));
    named
        .into_iter()
        .find(|who| !who.name.is_empty())
        .unwrap_or_default()
}

/// What a kind of conflict is called among people.
pub fn conflict_words(code: Code) -> String {
    if let Code::Followed(code) = code {
        let entry = safe(code.entry(), WIDTH);
        return format!(
            "{entry}: {}",
            code.bare().replace("booking-", "").replace('-', " ")
        );
    }
    let known = match code.word() {
        "duplicate-email" => "same e-mail",
        "booking-without-user" => "booking without a user",
        "booking-without-business" => "booking without a business",
        "customer-exists" => "customer exists already",
        "already-linked" => "booking has a customer already",
        "id-type-mismatch" => "ids of two types",
        "missing-name" => "no name",
        "missing-email" => "no e-mail",
        "invalid-email" => "not an e-mail address",
        "account-also-customer" => "account holder with bookings",
        "idle-user" => "user without bookings",
        "contact-only-on-account" => "contact data on an account alone",
        "contact-shared" => "booked at several businesses",
        "same-phone" => "same phone number",
        "same-mailbox" => "same mailbox",
        "referenced-elsewhere" => "referred to from elsewhere",
        "unsafe-text" => "text that can fool a screen",
        "email-spelling" => "e-mail spelled otherwise",
        "may-sign-in" => "may be able to sign in",
        "business-disagrees" => "two businesses in one booking",
        "several-users" => "several users in one booking",
        "booking-unique" => "unique index of bookings",
        "customer-unique" => "unique index of customers",
        "user-unique" => "unique index of users",
        "id-twins" => "one id in two forms",
        word => return word.replace('-', " "),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::rawdoc;

    #[test]
    fn somebody_is_told_by_name_else_by_mail_else_not_at_all() {
        let who = Who::of(
            &rawdoc! { "name": " Ann Smith ", "email": "ann@example.org" },
            "name",
            Some("email"),
        );
        assert_eq!(who.words(), "Ann Smith <ann@example.org>");
        assert_eq!(who.masked().words(), "A… S… <a…@….org>");
        let who = Who::of(&rawdoc! { "name": "", "email": 5 }, "name", Some("email"));
        assert_eq!(
            (who.words(), who.short()),
            (String::new(), "(no name)".to_owned())
        );
    }

    #[test]
    fn no_name_carries_an_escape_to_the_screen() {
        let who = Who::of(&rawdoc! { "name": "\u{1b}[31mSmith" }, "name", None);
        assert!(!who.words().contains('\u{1b}'));
    }

    #[test]
    fn every_kind_of_conflict_has_words_without_hyphens_of_a_code() {
        for code in Code::ALL {
            let words = conflict_words(*code);
            assert!(!words.is_empty() && words != code.word(), "{code}");
        }
    }
}
