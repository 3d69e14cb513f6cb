//! Encrypted connections to a server with a certificate of its own.

use std::path::Path;
use std::process::Command;

use abide_store::{Store, StoreError};

use crate::record_all;
use crate::server::Restartable;

/// Runs openssl in a folder.
fn openssl(folder: &Path, arguments: &str) {
    let made = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .expect("openssl is missing: apt-get install openssl");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}

#[test]
fn the_server_is_who_its_certificate_says() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    let authority =
        "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout NAME.key -out NAME.crt -subj /CN=NAME";
    openssl(here, &authority.replace("NAME", "root"));
    openssl(here, &authority.replace("NAME", "other"));
    openssl(
        here,
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost",
    );
    std::fs::write(here.join("names"), "subjectAltName=DNS:localhost").expect("written");
    openssl(
        here,
        "x509 -req -in server.csr -CA root.crt -CAkey root.key -CAcreateserial -days 2 -extfile names -out server.crt",
    );
    let read = |name: &str| std::fs::read_to_string(here.join(name)).expect("made");
    let server = Restartable::start(None);
    let by_name = server.url("postgres").replace("127.0.0.1", "localhost");
    let at = |base: &str, options: &str| Store::open(&format!("{base}?{options}"));
    let says = |opened: Result<Store, StoreError>, text: &str| {
        let error = opened.expect_err("refused").to_string();
        assert!(error.contains(text), "{error}");
    };
    // A server without TLS: what must be encrypted is refused.
    says(at(&by_name, "sslmode=require"), "TLS");
    at(&by_name, "sslmode=prefer").expect("as the server can");

    server.encrypt(&read("server.crt"), &read("server.key"));
    let root = format!("sslrootcert={}", here.join("root.crt").display());
    let verified = format!("sslmode=verify-full&{root}");
    let mut store = at(&by_name, &verified).expect("verified");
    record_all(&mut store);
    at(&by_name, "sslmode=require").expect("encrypted");
    says(at(&by_name, "sslmode=disable"), "no encryption");
    // By another name, or signed by another: not the server that was meant.
    says(at(&server.url("postgres"), &verified), "certificate");
    let other = format!(
        "sslmode=verify-full&sslrootcert={}",
        here.join("other.crt").display()
    );
    says(at(&by_name, &other), "certificate");
    says(
        at(&by_name, &other.replace("verify-full", "require")),
        "certificate",
    );
    says(at(&by_name, "sslmode=verify-full"), "needs sslrootcert");
    says(
        at(&by_name, "sslmode=verify-full&sslrootcert=/nowhere"),
        "/nowhere",
    );
    says(at(&by_name, "sslmode=verify-ca"), "must be");
}
