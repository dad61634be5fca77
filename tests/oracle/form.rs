//! The form that an application gives to the same data: how bookings name users, guests and businesses, and where users keep names and e-mails.
//! A form writes a database of the default form anew, says the mapping of what it wrote, and reads it back for the oracle.

mod encode;
mod guest;
mod read;
mod references;

use fastrand::Rng;

use crate::oracle::bytes::{Field, Value, fields, first, tag};
use crate::oracle::generate::Database;
pub use guest::{GuestForm, GuestKey};
pub use read::is_value;

/// How a booking names its user.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum OfUser {
    /// `userId`.
    #[default]
    Plain,
    /// `clientId`.
    Renamed,
    /// `profileId > Profile.userId`.
    Hop,
    /// A DBRef in `user`.
    DbRef,
    /// A list of one in `userIds`.
    List,
    /// A list of none, one or several in `userIds`.
    Several,
    /// `who.userId`, beside something else or alone.
    Nested,
    /// `customerId`, whose name and place the customer takes.
    InPlace,
    /// The user's e-mail in `userEmail`, spelled in some way.
    Email,
    /// Not at all: bookings say who their guest is.
    Nobody,
}

/// How a booking finds its business.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum OfBusiness {
    /// By its service.
    #[default]
    Service,
    /// By `shopId`.
    Direct,
    /// By `shopId`, else by its service.
    Either,
}

/// A form.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[allow(clippy::struct_excessive_bools)] // drawn one by one
pub struct Form {
    pub user: OfUser,
    pub business: OfBusiness,
    /// How bookings say who their guest is, where they do.
    pub guests: Option<GuestForm>,
    /// The e-mail stands in `local.email`.
    pub nested_email: bool,
    /// The name stands in `firstName` and `lastName`.
    pub split_name: bool,
    /// The old reference stays.
    pub keep: bool,
    /// The new reference is a list.
    pub listed: bool,
    /// A copy of a person inside another document of bookings leaves, too.
    pub copies: bool,
}

/// How customers come into a booking.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Put {
    /// As the elements of a list.
    pub listed: bool,
    /// Before the field at this place; else behind all.
    pub at: Option<usize>,
}

/// What stands where a booking names a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Named {
    /// A user's id, over whatever is between.
    Id(Option<Value>),
    /// An e-mail.
    Email(Value),
}

/// What a booking says in the default form's words.
pub struct Said {
    /// What its references to users lead to, in their order.
    pub users: Vec<Named>,
    /// What the first reference itself names.
    pub named: Option<Value>,
    /// By what it knows its guest.
    pub guest: Option<GuestKey>,
    /// Its business, where it says so itself.
    pub shop: Option<Value>,
}

impl Form {
    /// Half of all databases have the default form.
    pub fn draw(rng: &mut Rng) -> Self {
        if rng.bool() {
            return Self::default();
        }
        let user = [
            OfUser::Plain,
            OfUser::Renamed,
            OfUser::Hop,
            OfUser::DbRef,
            OfUser::List,
            OfUser::Several,
            OfUser::Several,
            OfUser::Several,
            OfUser::Nested,
            OfUser::InPlace,
            OfUser::Email,
            OfUser::Email,
            OfUser::Nobody,
            OfUser::Nobody,
        ][rng.usize(..14)];
        let nobody = user == OfUser::Nobody;
        Self {
            user,
            guests: (nobody || rng.u8(..3) == 0).then(|| GuestForm::draw(rng)),
            keep: !nobody && user != OfUser::InPlace && rng.u8(..4) == 0,
            listed: !nobody && rng.u8(..if user == OfUser::Several { 2 } else { 3 }) == 0,
            copies: user != OfUser::Nested && rng.u8(..3) == 0,
            business: [OfBusiness::Service, OfBusiness::Direct, OfBusiness::Either][rng.usize(..3)],
            nested_email: !nobody && rng.u8(..3) == 0,
            split_name: !nobody && rng.u8(..3) == 0,
        }
    }

    /// True where the mapping knows users.
    pub fn has_users(self) -> bool {
        self.user != OfUser::Nobody
    }

    /// The collections that the mapping has rebuilt.
    pub fn rebuilt(self) -> &'static [&'static str] {
        if self.has_users() {
            &["Booking", "Customer", "User"]
        } else {
            &["Booking", "Customer"]
        }
    }

    /// The top-level field of a booking that holds the reference.
    pub fn user_field(self) -> &'static str {
        match self.user {
            OfUser::Plain => "userId",
            OfUser::Renamed => "clientId",
            OfUser::Hop => "profileId",
            OfUser::DbRef => "user",
            OfUser::List | OfUser::Several => "userIds",
            OfUser::Nested => "who",
            OfUser::InPlace => "customerId",
            OfUser::Email => "userEmail",
            OfUser::Nobody => "no such field",
        }
    }

    /// How customers come into this booking.
    pub fn put(self, booking: &[Field]) -> Put {
        let rest = self.without_user(booking);
        let held = rest.iter().position(|it| it.name == "customerId");
        Put {
            listed: self.listed,
            at: held.filter(|_| self.user == OfUser::InPlace),
        }
    }

    /// The mapping file; none for the default form.
    pub fn mapping(self, data: &Database) -> Option<String> {
        if self == Self::default() {
            return None;
        }
        let accounts: Vec<String> = ["TeamMember", "Account"]
            .into_iter()
            .filter(|name| self.has_users() && data.collection(name).is_some())
            .map(|name| format!("{{ collection = \"{name}\", user = \"userId\" }}"))
            .collect();
        let name = if self.split_name {
            "[\"firstName\", \"lastName\"]"
        } else {
            "\"name\""
        };
        let email = if self.nested_email {
            "local.email"
        } else {
            "email"
        };
        let user = match self.user {
            OfUser::Hop => "user = \"profileId > Profile.userId\"\n".to_owned(),
            OfUser::Nested => "user = \"who.userId\"\n".to_owned(),
            OfUser::Email => "user = { email = \"userEmail\" }\n".to_owned(),
            OfUser::Nobody => String::new(),
            _ => format!("user = \"{}\"\n", self.user_field()),
        };
        let users = format!(
            "[user]\ncollection = \"User\"\nname = {name}\nemail = \"{email}\"\npassword = \"hashedPassword\"\ncreated = \"createdAt\"\n\
             contact = [\"phone\", \"company\", \"country\", \"address\", \"city\", \"state\", \"zipCode\"]\nphone = \"phone\"\ncountry = \"country\"\n"
        );
        let (users, owner) = if self.has_users() {
            (users, "owner = \"ownerId\"\n")
        } else {
            (String::new(), "")
        };
        let service = "[service]\ncollection = \"Service\"\nbusiness = \"businessId\"\n";
        let (service, business) = match self.business {
            OfBusiness::Service => (service, "service = \"serviceId\""),
            OfBusiness::Direct => ("", "business = \"shopId\""),
            OfBusiness::Either => (
                service,
                "service = \"serviceId\"\nbusiness = [\"shopId\", \"serviceId > Service.businessId\"]",
            ),
        };
        let mut more = String::new();
        for (is_said, line) in [
            (self.keep, "keep = true\n"),
            (self.listed, "several = \"list\"\n"),
            (self.user == OfUser::InPlace, "in_place = true\n"),
            (self.copies, "drop = [\"who.name\"]\n"),
        ] {
            more.push_str(if is_said { line } else { "" });
        }
        more.extend(self.guests.map(GuestForm::mapping));
        Some(format!(
            "version = 2\naccounts = [{}]\n{users}\
             [business]\ncollection = \"Business\"\nname = \"name\"\n{owner}{service}\
             [booking]\ncollection = \"Booking\"\n{user}{business}\ncustomer = \"customerId\"\ncreated = \"createdAt\"\n{more}\
             [customer]\ncollection = \"Customer\"\nbusiness = \"businessId\"\n",
            accounts.join(", ")
        ))
    }

    /// What the mapping's check wants to occur somewhere.
    pub fn required(self) -> Vec<(&'static str, &'static str)> {
        let mut all = Vec::new();
        if self.has_users() {
            let email = if self.nested_email { "local" } else { "email" };
            let user = match self.user {
                OfUser::Nested => "who.userId",
                _ => self.user_field(),
            };
            all.extend([
                ("User", email),
                ("User", "hashedPassword"),
                ("Booking", user),
            ]);
            if self.split_name {
                all.extend([("User", "firstName"), ("User", "lastName")]);
            } else {
                all.push(("User", "name"));
            }
        }
        // Of several paths one may lead nowhere.
        if self.business == OfBusiness::Service {
            all.push(("Service", "businessId"));
        }
        if self.business == OfBusiness::Direct {
            all.push(("Booking", "shopId"));
        }
        if self.business != OfBusiness::Direct {
            all.push(("Booking", "serviceId"));
        }
        if self.user == OfUser::Hop {
            all.push(("Profile", "userId"));
        }
        let guests = self.guests.into_iter().flat_map(GuestForm::known_by);
        all.extend(guests.map(|path| ("Booking", path)));
        all
    }
}

/// True where a document has this field, which may stand inside another one.
pub fn occurs(document: &[u8], path: &str) -> bool {
    let all = fields(document);
    match path.split_once('.') {
        None => first(&all, path).is_some(),
        Some((outer, inner)) => first(&all, outer)
            .is_some_and(|held| held.tag == tag::DOCUMENT && occurs(&held.bytes, inner)),
    }
}
