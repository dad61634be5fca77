//! The address that a command of the operator's gets: our connection string with our database in its path. It never shows itself.

/// A connection string: nothing of it may be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl std::fmt::Debug for Address {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("Address(…)")
    }
}

impl Address {
    /// The address of `database` on the server that `uri` names. A database that the path names already is where a user without
    /// `authSource` signs in; that stays so.
    pub fn of(uri: &str, database: &str) -> Self {
        let Some((scheme, rest)) = uri.split_once("://") else {
            return Self(uri.to_owned());
        };
        let (authority, after) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let (path, options) = after.split_once('?').unwrap_or((after, ""));
        let path = path.trim_start_matches('/');
        if decoded(path) == database {
            return Self(uri.to_owned());
        }
        let named = |wanted: &str| {
            let mut names = options.split('&').filter_map(|it| it.split_once('='));
            names.any(|(name, _)| name.eq_ignore_ascii_case(wanted))
        };
        let mut uri = format!("{scheme}://{authority}/{}", encoded(database));
        let mut mark = '?';
        if !options.is_empty() {
            uri.push(mark);
            uri.push_str(options);
            mark = '&';
        }
        // Other ways to sign in have a source of their own.
        if authority.contains('@') && !named("authSource") && !named("authMechanism") {
            let source = if path.is_empty() { "admin" } else { path };
            uri.push(mark);
            uri.push_str("authSource=");
            uri.push_str(source);
        }
        Self(uri)
    }

    /// The address itself.
    pub fn uri(&self) -> &str {
        &self.0
    }

    /// `text` without the address and its password.
    pub fn taken_out_of(&self, text: &str) -> String {
        let mut text = text.replace(&self.0, "…");
        let authority = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let sign_in = authority.rsplit_once('@').map_or("", |(before, _)| before);
        if let Some((_, password)) = sign_in.split_once(':').filter(|(_, it)| !it.is_empty()) {
            text = text.replace(password, "…");
            let plain = decoded(password);
            if !plain.is_empty() {
                text = text.replace(&plain, "…");
            }
        }
        text
    }
}

/// The text without its percent signs' coding.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let coded = after.get(..2).filter(|_| *first == b'%');
        if let Some(byte) = coded.and_then(|it| hex::decode(it).ok()) {
            bytes.extend(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The text with all but letters, digits and a few signs as percent codes.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([byte]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_its_password_leave_what_is_shown() {
        let address = Address::of("mongodb://ann:p%40ss@db.example:27017/shop", "shop");
        assert_eq!(address.taken_out_of(address.uri()), "…");
        assert_eq!(
            address.taken_out_of("bad auth: p@ss (p%40ss) at db.example"),
            "bad auth: … (…) at db.example"
        );
        assert!(!format!("{address:?}").contains("p%40ss"));
        let plain = Address::of("mongodb://localhost/shop", "shop");
        assert_eq!(plain.taken_out_of("all of localhost"), "all of localhost");
    }

    #[test]
    fn the_address_names_our_database_and_signs_in_where_it_did() {
        for (uri, database, expected) in [
            ("mongodb://h/shop", "shop", "mongodb://h/shop"),
            ("mongodb://h", "shop", "mongodb://h/shop"),
            ("mongodb://h/?w=1", "shop", "mongodb://h/shop?w=1"),
            ("mongodb://h/a%20b", "a b", "mongodb://h/a%20b"),
            ("mongodb://h,i:2/x?w=1", "a b", "mongodb://h,i:2/a%20b?w=1"),
            (
                "mongodb://u:p@h/x",
                "shop",
                "mongodb://u:p@h/shop?authSource=x",
            ),
            (
                "mongodb://u:p@h",
                "shop",
                "mongodb://u:p@h/shop?authSource=admin",
            ),
            (
                "mongodb+srv://u:p@h/x?authsource=y",
                "shop",
                "mongodb+srv://u:p@h/shop?authsource=y",
            ),
            (
                "mongodb://u@h/?authMechanism=MONGODB-X509",
                "shop",
                "mongodb://u@h/shop?authMechanism=MONGODB-X509",
            ),
        ] {
            assert_eq!(Address::of(uri, database).uri(), expected, "{uri}");
        }
    }
}
