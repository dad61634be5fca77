//! Reads a connection string in its parts before the driver does, and says what is wrong with it without showing any of it: an error in its form
//! often means that what looks like a host or an option is a piece of a password.

use mongodb::options::ClientOptions;

use super::error::{Result, StoreError};

/// Characters that a user name or a password holds percent-encoded only.
const RESERVED: [char; 7] = [':', '/', '?', '#', '[', ']', '@'];

/// Option names that may be shown. An unknown name may be a piece of a password.
const OPTIONS: [&str; 42] = [
    "appName",
    "authMechanism",
    "authMechanismProperties",
    "authSource",
    "compressors",
    "connectTimeoutMS",
    "directConnection",
    "heartbeatFrequencyMS",
    "journal",
    "loadBalanced",
    "localThresholdMS",
    "maxConnecting",
    "maxIdleTimeMS",
    "maxPoolSize",
    "maxStalenessSeconds",
    "minPoolSize",
    "proxyHost",
    "proxyPassword",
    "proxyPort",
    "proxyUsername",
    "readConcernLevel",
    "readPreference",
    "readPreferenceTags",
    "replicaSet",
    "retryReads",
    "retryWrites",
    "serverMonitoringMode",
    "serverSelectionTimeoutMS",
    "srvMaxHosts",
    "srvServiceName",
    "ssl",
    "tls",
    "tlsAllowInvalidCertificates",
    "tlsCAFile",
    "tlsCertificateKeyFile",
    "tlsCertificateKeyFilePassword",
    "tlsInsecure",
    "uuidRepresentation",
    "w",
    "wTimeoutMS",
    "waitQueueTimeoutMS",
    "zlibCompressionLevel",
];

const ENCODE: &str = "percent-encode the user name and the password: their characters : / ? # [ ] @ % must be written %3A %2F %3F %23 %5B %5D %40 %25";

/// What stands in a connection string, as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parts<'u> {
    srv: bool,
    user: Option<&'u str>,
    password: Option<&'u str>,
    hosts: &'u str,
    options: &'u str,
}

/// Splits `uri`, or says what is wrong with it, in words that quote nothing of it.
fn parts(uri: &str) -> std::result::Result<Parts<'_>, &'static str> {
    let (srv, rest) = match uri.split_once("://") {
        Some(("mongodb", rest)) => (false, rest),
        Some(("mongodb+srv", rest)) => (true, rest),
        _ => return Err("it does not begin with mongodb:// or mongodb+srv://"),
    };
    let (authority, path) = match rest.find(['/', '?']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    // An @ behind the hosts: the / or ? before it is part of a password.
    if path.contains('@') {
        return Err(ENCODE);
    }
    let (sign_in, hosts) = match authority.rsplit_once('@') {
        Some((sign_in, hosts)) => (Some(sign_in), hosts),
        None => (None, authority),
    };
    let (user, password) = match sign_in.map(|it| it.split_once(':').ok_or(it)) {
        None => (None, None),
        Some(Ok((user, password))) => (Some(user), Some(password)),
        Some(Err(user)) => (Some(user), None),
    };
    if !user.iter().chain(&password).all(|text| is_encoded(text)) {
        return Err(ENCODE);
    }
    if hosts.is_empty() {
        return Err("it names no host");
    }
    if !hosts.split(',').all(is_host) {
        return Err(
            "a host or a port cannot be read (it is HOST:PORT, the port a number from 1 to 65535). If what stands there belongs to a password, percent-encode it",
        );
    }
    let options = path.split_once('?').map_or("", |(_, options)| options);
    if options.contains('?')
        || !options
            .split('&')
            .all(|it| it.is_empty() || it.contains('='))
    {
        return Err(
            "its options cannot be read: they are NAME=VALUE, the first after one ?, with & between them",
        );
    }
    Ok(Parts {
        srv,
        user,
        password,
        hosts,
        options,
    })
}

/// True where every reserved character is percent-encoded, as UTF-8.
fn is_encoded(text: &str) -> bool {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |it: Option<u8>| char::from(it?).to_digit(16);
        match (digit(rest.next()), digit(rest.next())) {
            (Some(high), Some(low)) => bytes.extend(u8::try_from(high * 16 + low)),
            _ => return false,
        }
    }
    !text.contains(RESERVED) && String::from_utf8(bytes).is_ok()
}

/// A socket's path, percent-encoded, or a name or address with or without a port.
fn is_host(text: &str) -> bool {
    if text.to_ascii_lowercase().contains("%2f") {
        return true;
    }
    let (name, port) = match (text.strip_prefix('['), text.rsplit_once(':')) {
        (Some(inner), _) => {
            let Some((address, after)) = inner.split_once(']') else {
                return false;
            };
            let port = match after.strip_prefix(':') {
                None if after.is_empty() => None,
                None => return false,
                port => port,
            };
            return address.parse::<std::net::Ipv6Addr>().is_ok() && is_port(port);
        }
        (None, Some((name, port))) => (name, Some(port)),
        (None, None) => (text, None),
    };
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && name.chars().all(fits) && is_port(port)
}

fn is_port(port: Option<&str>) -> bool {
    port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// True where `uri` holds a password, also where it is not of the right form.
pub fn holds_password(uri: &str) -> bool {
    let secret = |option: &str| {
        let name = option.split('=').next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        name.ends_with("password") || name == "authmechanismproperties"
    };
    match parts(uri) {
        Ok(parts) => parts.password.is_some() || parts.options.split('&').any(secret),
        Err(_) => uri.contains('@'),
    }
}

/// Reads `uri`, which came from `source`.
///
/// # Errors
/// What is wrong with it. No part of the URI is shown but the name of a known option.
pub async fn parse(uri: &str, source: &str) -> Result<ClientOptions> {
    let refused = |why: &str| {
        StoreError::Refused(format!(
            "the connection string of {source} cannot be used: {why}. Nothing was changed; it should look like mongodb://host:27017/database"
        ))
    };
    let parts = parts(uri).map_err(refused)?;
    if let Some(why) = not_ours(parts.options) {
        return Err(refused(&why));
    }
    match ClientOptions::parse(uri).await {
        Ok(options) => Ok(options),
        Err(error) => Err(match StoreError::from_driver("reading it", &error) {
            StoreError::Unreachable { message, .. } => refused(&message),
            _ => refused(&wrong_option(&parts).await),
        }),
    }
}

/// Options that we do not have.
fn not_ours(options: &str) -> Option<String> {
    for option in options.split('&') {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        if name.eq_ignore_ascii_case("socketTimeoutMS") {
            return Some("leave out socketTimeoutMS, which this driver does not have; our operations carry their own time limits".to_owned());
        }
        if name.eq_ignore_ascii_case("tlsCertificateKeyFilePassword") {
            return Some("tlsCertificateKeyFilePassword is not built in; use a key without a password, in a file that only you can read".to_owned());
        }
        let mut names = value.split(',').map(str::to_ascii_lowercase);
        if name.eq_ignore_ascii_case("compressors") && names.any(|it| it == "zstd") {
            return Some("compressors=zstd is not built in; ringfence packs with snappy or zlib: write compressors=snappy,zlib, or leave the option out".to_owned());
        }
    }
    None
}

/// Which option the driver does not take: each is tried alone.
async fn wrong_option(parts: &Parts<'_>) -> String {
    for (at, option) in parts.options.split('&').enumerate() {
        let alone = format!("mongodb://ann:x@localhost/?{option}");
        let (name, _) = option.split_once('=').unwrap_or((option, ""));
        let known = OPTIONS.iter().find(|it| it.eq_ignore_ascii_case(name));
        match known {
            None => {
                return format!("its option number {} is none that the driver knows", at + 1);
            }
            Some(known) if needs_others(known) => {}
            Some(known) => {
                if ClientOptions::parse(alone).await.is_err() {
                    return format!("the value of its option {known} cannot be used");
                }
            }
        }
    }
    if parts.srv && parts.hosts.contains([',', ':']) {
        return "a mongodb+srv address has one host and no port".to_owned();
    }
    "its parts do not fit together: see the database's name, and the options about signing in, TLS and reading".to_owned()
}

/// Options that are wrong alone.
fn needs_others(option: &str) -> bool {
    let option = option.to_ascii_lowercase();
    [
        "auth",
        "proxy",
        "srv",
        "tls",
        "readpreferencetags",
        "maxstaleness",
    ]
    .iter()
    .any(|it| option.starts_with(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_is_taken_apart() {
        for (uri, user, password, hosts) in [
            ("mongodb://h", None, None, "h"),
            (
                "mongodb://h:1,[::1]:2/db?a=b&c=d",
                None,
                None,
                "h:1,[::1]:2",
            ),
            ("mongodb://a:b@h/db", Some("a"), Some("b"), "h"),
            ("mongodb://a@h/?authSource=$external", Some("a"), None, "h"),
            (
                "mongodb+srv://a:p%40%2F%3f@h.example.org/",
                Some("a"),
                Some("p%40%2F%3f"),
                "h.example.org",
            ),
            (
                "mongodb://a:%C3%A9é@%2Ftmp%2Fm.sock/db",
                Some("a"),
                Some("%C3%A9é"),
                "%2Ftmp%2Fm.sock",
            ),
        ] {
            let read = parts(uri);
            assert!(
                read.is_ok_and(|it| (it.user, it.password, it.hosts) == (user, password, hosts)),
                "{uri}: {read:?}"
            );
        }
    }

    #[test]
    fn a_password_with_a_reserved_character_is_told_from_a_host() {
        for password in [
            "a/b", "a?b", "a#b", "a@b", "a:b", "12/b", "a[b", "a%b", "a%zzb", "a%aéb", "a%ff",
        ] {
            for user in ["ann", "n", "a/b", "1"] {
                for rest in ["host/db", "host:27017,other/db?w=1", "host"] {
                    let uri = format!("mongodb://{user}:{password}@{rest}");
                    assert_eq!(parts(&uri), Err(ENCODE), "{uri}");
                }
            }
        }
    }
}
