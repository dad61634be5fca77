//! Why a server cannot be reached, told from the driver's words. Only our own words are shown: the driver's quote addresses and servers.

/// What the driver says, and what we say for it. The first that fits counts.
const CAUSES: [(&str, &str); 16] = [
    (
        "UnknownIssuer",
        "its TLS certificate is signed by an authority that is not trusted here; name the authority's certificate with tlsCAFile=FILE in the connection string",
    ),
    (
        "CaUsedAsEndEntity",
        "its TLS certificate is not trusted here: it is self-signed, an authority's own; give the server one that an authority signed, and name the authority's certificate with tlsCAFile=FILE in the connection string",
    ),
    (
        "NotValidForName",
        "its TLS certificate was made for another host name; use the name that the certificate holds",
    ),
    (
        "not valid for name",
        "its TLS certificate was made for another host name; use the name that the certificate holds",
    ),
    ("Expired", "its TLS certificate has expired"),
    ("expired", "its TLS certificate has expired"),
    (
        "NotValidYet",
        "its TLS certificate is not valid yet; see whether the clocks are right",
    ),
    ("Revoked", "its TLS certificate was revoked"),
    (
        "invalid peer certificate",
        "its TLS certificate is not accepted",
    ),
    (
        "received fatal alert",
        "the server ended the TLS handshake; it may ask for a client certificate (tlsCertificateKeyFile)",
    ),
    (
        "InvalidContentType",
        "it does not speak TLS; leave tls=true out, or start it with TLS",
    ),
    (
        "corrupt message",
        "it does not speak TLS; leave tls=true out, or start it with TLS",
    ),
    (
        "handshake eof",
        "it ended the TLS handshake; if it does not speak TLS, leave tls=true out",
    ),
    ("onnection refused", "nothing listens at that host and port"),
    ("failed to lookup address", "the host's name is not known"),
    (
        "load balancing mode",
        "it stands behind no load balancer; leave loadBalanced=true out",
    ),
];

/// The cause that these words of the driver tell, if it is one that we know.
pub fn of(words: &str) -> Option<String> {
    let cause = CAUSES.iter().find(|(theirs, _)| words.contains(theirs));
    let cause = cause.map(|(_, ours)| *ours);
    let cause = cause.or_else(|| of_another_set(words).then_some(OTHER_SET));
    cause.map(str::to_owned)
}

/// The same of a server that could not be selected. One that worked ends connections for other reasons.
pub fn of_selection(words: &str) -> Option<String> {
    let mut ends = ENDS.iter();
    let ended = || ends.any(|it| words.contains(it)).then(|| ENDED.to_owned());
    of(words).or_else(ended)
}

/// How the driver tells of a connection that the server ended.
const ENDS: [&str; 3] = ["early eof", "unexpected end of file", "onnection reset"];

const ENDED: &str = "it ended the connection without an answer; if it speaks nothing but TLS, add tls=true to the connection string";

const OTHER_SET: &str = "every host that answered belongs to another replica set than the one that the connection string names, or to none; correct replicaSet=… or leave it out";

/// The driver forgets a host that answers with the name of another set; here none is left.
fn of_another_set(words: &str) -> bool {
    words.contains("ReplicaSetNoPrimary, Set Name: ") && !words.contains(", Servers: [")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_breaks_in_a_command_says_nothing_of_tls() {
        for words in ENDS {
            assert_eq!(of(words), None);
            assert_eq!(of_selection(words).as_deref(), Some(ENDED));
        }
    }

    #[test]
    fn a_set_of_another_name_is_told_from_one_that_has_no_primary() {
        let other = "Server selection timeout: No available servers. Topology: { Type: ReplicaSetNoPrimary, Set Name: other }";
        assert_eq!(of(other).as_deref(), Some(OTHER_SET));
        let waits = "Server selection timeout: None of the available servers suitable. Topology: { Type: ReplicaSetNoPrimary, Set Name: rs, Servers: [ { Address: a:1 } ] }";
        assert_eq!(of(waits), None);
    }
}
