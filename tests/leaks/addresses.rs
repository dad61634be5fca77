//! Connection strings that cannot be used, or are given where others can read them: no part of a password is shown.

use std::io::Write;

use crate::support;
use crate::support::case::Case;

/// Fails where a piece of the password of at least four characters stands in what was said.
#[track_caller]
fn nothing_of(password: &str, said: &str) {
    let letters: Vec<char> = password.chars().collect();
    for piece in letters.windows(4) {
        let piece: String = piece.iter().collect();
        assert!(
            !said.contains(&piece),
            "{piece:?} of {password:?} in: {said}"
        );
    }
}

#[tokio::test]
async fn no_part_of_a_password_is_shown_whatever_character_it_holds() {
    let case = Case::empty().await;
    for password in [
        "Xq7v/Jz9k",
        "Xq7v?Jz9k",
        "Xq7v#Jz9k",
        "Xq7v@Jz9k",
        "Xq7v:Jz9k",
        "4711/Jz9k",
        "Xq7v%Jz9k",
        "Xq7v[Jz9k",
        "?Xq7vJz9k",
        "Xq7v&Jz9k=?x",
        "Xq7v/?w=Jz9k",
    ] {
        for (user, rest) in [
            ("ann", "127.0.0.1:1/db"),
            ("e", "127.0.0.1:1/db?tls=false"),
            ("a/b", "127.0.0.1"),
        ] {
            let uri = format!("mongodb://{user}:{password}@{rest}");
            for place in ["--uri", "RINGFENCE_URI"] {
                let ended = if place == "--uri" {
                    case.bare(&["--uri", &uri, "--db", "db", "survey"]).await
                } else {
                    case.with_environment(&[(place, &uri)], &["--db", "db", "survey"])
                        .await
                };
                let said = format!("{}{}", ended.out, ended.err);
                nothing_of(password, &said);
                ended.code(1).says(&[
                    "percent-encode the user name and the password",
                    place,
                    "Nothing was changed",
                ]);
            }
        }
    }
}

#[tokio::test]
async fn options_that_hold_secrets_are_named_and_never_shown() {
    let case = Case::empty().await;
    for (option, says) in [
        ("authMechanismProperties=Xq7vJz9k", "do not fit together"),
        (
            "authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:Xq7vJz9k,bad",
            "do not fit together",
        ),
        (
            "tls=false&tlsCertificateKeyFilePassword=Xq7vJz9k",
            "tlsCertificateKeyFilePassword is not built in",
        ),
        ("tls=true&tlsCertificateKeyFile=/Xq7vJz9k", "TLS options"),
        ("proxyPassword=Xq7vJz9k", "cannot be used"),
        ("Xq7vJz9k=1", "option number 2"),
        ("w=1&Xq7vJz9k=1", "option number 3"),
        ("Xq7vJz9k", "NAME=VALUE"),
        ("maxPoolSize=Xq7vJz9k", "maxPoolSize"),
        ("readPreference=Xq7vJz9k", "readPreference"),
        ("compressors=Xq7vJz9k", "compressors"),
    ] {
        let uri = format!("mongodb://127.0.0.1:1/db?serverSelectionTimeoutMS=10&{option}");
        let ended = case
            .with_environment(&[("RINGFENCE_URI", &uri)], &["survey"])
            .await;
        nothing_of("Xq7vJz9k", &ended.err);
        ended.code(1).says(&[says]);
    }
}

#[tokio::test]
async fn a_one_letter_user_name_changes_no_other_word() {
    let case = Case::empty().await;
    let ended = case
        .bare(&[
            "--uri",
            "mongodb://e:o@127.0.0.1:1/db?maxPoolSize=many",
            "survey",
        ])
        .await;
    ended.code(1).says(&[
        "the value of its option maxPoolSize cannot be used",
        "mongodb://host:27017/database",
    ]);
}

#[tokio::test]
async fn a_password_in_an_argument_is_warned_of_and_one_in_the_environment_is_not() {
    let server =
        support::private_with_access_control(ringfence::demo::server::Topology::ReplicaSet(1))
            .await;
    let uri = server.uri("shop");
    let case = Case::at(uri.clone(), "shop".to_owned()).await;
    let warning = ["other users of this machine", "RINGFENCE_URI", "chmod 600"];
    case.bare(&["--uri", &uri, "status"])
        .await
        .code(0)
        .says(&warning);
    let quiet = case
        .with_environment(&[("RINGFENCE_URI", &uri)], &["status"])
        .await
        .code(0);
    assert!(!quiet.err.contains("warning"), "{}", quiet.err);
    // Wrong ones are refused in our words.
    let wrong = uri
        .replacen(':', ":wrong", 2)
        .replacen(":wrong//", "://", 1);
    let ended = case
        .with_environment(&[("RINGFENCE_URI", &wrong)], &["status"])
        .await;
    ended
        .code(1)
        .says(&["does not accept these credentials", "authSource"]);
}

#[tokio::test]
async fn a_dotenv_file_is_named_and_never_used_unasked() {
    let case = Case::seeded().await;
    case.bare(&["status"])
        .await
        .code(1)
        .says(&["neither --uri"]);
    for line in ["DATABASE_URL", "export DATABASE_URL", "  DATABASE_URL "] {
        let mut file = std::fs::File::create(case.path(".env")).unwrap();
        writeln!(file, "# secrets\nOTHER=1\n{line}=\"{}\"", case.uri).unwrap();
        let ended = case.bare(&["status"]).await.code(1);
        assert!(!ended.err.contains(&case.name), "{}", ended.err);
        ended.says(&[
            ".env in this folder sets DATABASE_URL",
            "does not use it unasked",
            "set -a",
        ]);
    }
    std::fs::write(case.path(".env"), "# DATABASE_URL=x\nNO_DATABASE_URL=1\n").unwrap();
    let ended = case.bare(&["status"]).await.code(1);
    assert!(!ended.err.contains(".env"), "{}", ended.err);
}

#[tokio::test]
async fn a_packed_wire_works_with_snappy_and_zlib_and_zstd_is_refused_in_words() {
    let case = Case::seeded().await;
    let with = |packing: &str| {
        format!(
            "{}{}compressors={packing}",
            case.uri,
            if case.uri.contains('?') { "&" } else { "?" }
        )
    };
    for packing in ["snappy", "zlib", "zlib,snappy"] {
        case.bare(&["--uri", &with(packing), "survey"])
            .await
            .code(2);
    }
    for packing in ["zstd", "snappy,zstd"] {
        let ended = case
            .bare(&["--uri", &with(packing), "survey"])
            .await
            .code(1);
        for word in ["feature", "crate", "cargo"] {
            assert!(!ended.err.contains(word), "{}", ended.err);
        }
        ended.says(&["compressors=zstd is not built in", "snappy,zlib"]);
    }
}
