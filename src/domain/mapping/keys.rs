//! The keys of a mapping file for one who looks through it: what each means, what it names, whether it must be there.

/// What a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// A collection that is there.
    Collection,
    /// One field of its section's collection.
    Field,
    /// One field or several.
    Fields,
    /// Anything else.
    Other,
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub key: &'static str,
    /// What it names.
    pub names: Names,
    /// What it means.
    pub means: &'static str,
    /// A mapping without it is refused.
    pub required: bool,
    /// It is shown where the file leaves it out, too.
    pub usual: bool,
}

const fn usual(key: &'static str, names: Names, means: &'static str) -> Known {
    Known {
        key,
        names,
        means,
        required: false,
        usual: true,
    }
}

const fn required(key: &'static str, names: Names, means: &'static str) -> Known {
    Known {
        required: true,
        ..usual(key, names, means)
    }
}

const fn rare(key: &'static str, names: Names, means: &'static str) -> Known {
    Known {
        usual: false,
        ..usual(key, names, means)
    }
}

const COLLECTION: Names = Names::Collection;
const FIELD: Names = Names::Field;
const FIELDS: Names = Names::Fields;
const OTHER: Names = Names::Other;
const WHERE: Known = rare("where", OTHER, "only documents that pass this filter");
const DROP: Known = rare(
    "drop",
    FIELDS,
    "further fields with a copy of a person, which leave too",
);
const KEEP: Known = rare("keep", OTHER, "true: the old reference stays");
const IN_PLACE: Known = rare(
    "in_place",
    OTHER,
    "true: the new reference takes the old one's name and place",
);
const SEVERAL: Known = rare(
    "several",
    OTHER,
    "what becomes of a booking with several users: first, or list",
);
const GUEST: Known = rare("guest", OTHER, "people who are not users, by their fields");

/// The sections and their keys, in the order in which they are shown.
pub const KEYS: &[(&str, &[Known])] = &[
    (
        "",
        &[usual(
            "accounts",
            OTHER,
            "collections whose rows make the user that they name an account holder",
        )],
    ),
    (
        "user",
        &[
            usual("collection", COLLECTION, "where users stand"),
            WHERE,
            usual("name", FIELDS, "the user's name, in one field or several"),
            usual("email", FIELD, "the user's e-mail"),
            usual("password", FIELDS, "a user with this field set can sign in"),
            rare(
                "evidence",
                FIELDS,
                "a user with one of these fields set may sign in, too",
            ),
            usual("created", FIELD, "when the user was made"),
            usual(
                "contact",
                FIELDS,
                "goes to the customer, and leaves the user",
            ),
            rare("phone", FIELD, "which contact field is a phone number"),
            rare("country", FIELD, "which contact field is a country"),
            DROP,
            rare("deleted", OTHER, "filters that tell a deleted user"),
            rare("customers", OTHER, "who is a customer by nature"),
            rare("business", FIELD, "makes a customer without a booking"),
        ],
    ),
    (
        "business",
        &[
            usual("collection", COLLECTION, "where businesses stand"),
            WHERE,
            usual(
                "name",
                FIELDS,
                "the business's name, for screens and reports",
            ),
            usual("owner", FIELD, "an account holder"),
        ],
    ),
    (
        "service",
        &[
            usual("collection", COLLECTION, "where services stand"),
            usual(
                "name",
                FIELDS,
                "the service's name, for screens and reports",
            ),
            usual("business", FIELD, "the service's business"),
        ],
    ),
    (
        "booking",
        &[
            required("collection", COLLECTION, "where bookings stand"),
            WHERE,
            usual("user", FIELD, "how a booking names its user"),
            usual(
                "business",
                FIELDS,
                "the ways to a booking's business; without it: its service's business",
            ),
            usual("service", FIELD, "how a booking names its service"),
            required(
                "customer",
                OTHER,
                "the new reference, which ringfence makes",
            ),
            SEVERAL,
            IN_PLACE,
            KEEP,
            DROP,
            usual("created", FIELD, "when the booking was made"),
            usual("when", FIELD, "the booked time, for screens"),
            GUEST,
            rare(
                "identity",
                OTHER,
                "the fields by which two guests are one person",
            ),
        ],
    ),
    (
        "customer",
        &[
            required("collection", OTHER, "the customers, which ringfence makes"),
            required(
                "business",
                OTHER,
                "the customer's business, which ringfence writes",
            ),
            rare("fields", OTHER, "other names and sources of fields"),
            rare("defaults", OTHER, "fields with a value for every customer"),
            rare(
                "nulls",
                OTHER,
                "fields with null where nothing else writes them",
            ),
            rare("ids", OTHER, "the type of new ids"),
            rare(
                "adopt",
                OTHER,
                "the fields by which an existing customer is the same person",
            ),
        ],
    ),
    (
        "follow",
        &[
            required(
                "collection",
                COLLECTION,
                "another collection whose user is a customer",
            ),
            WHERE,
            required("user", FIELD, "how its documents name their user"),
            usual("business", FIELDS, "the ways to its documents' business"),
            required("to", OTHER, "the new reference"),
            SEVERAL,
            IN_PLACE,
            KEEP,
            DROP,
            GUEST,
        ],
    ),
];

/// What is known of a key.
pub fn known(section: &str, key: &str) -> Option<&'static Known> {
    let (_, keys) = KEYS.iter().find(|(name, _)| *name == section)?;
    keys.iter().find(|known| known.key == key)
}
