//! E-mail against a small SMTP server.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use abide_notify::{Client, Email, Outcome, Service};

use crate::services::{messages, now, route};

/// Recipients and text.
type Mail = (Vec<String>, String);

/// Mails that were taken, and what is answered to `RCPT`.
#[derive(Clone)]
struct Server {
    address: String,
    mails: Arc<Mutex<Vec<Mail>>>,
    rcpt: Arc<Mutex<&'static str>>,
}

impl Server {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap().to_string(),
            mails: Arc::default(),
            rcpt: Arc::new(Mutex::new("250 ok")),
        };
        let own = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream));
            }
        });
        server
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let lines = BufReader::new(stream.try_clone().ok()?).lines();
        let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).ok();
        say("220 stub ESMTP")?;
        let (mut to, mut data, mut in_data) = (Vec::new(), String::new(), false);
        for line in lines {
            let line = line.ok()?;
            if in_data {
                if line == "." {
                    in_data = false;
                    let mail = (std::mem::take(&mut to), std::mem::take(&mut data));
                    self.mails.lock().unwrap().push(mail);
                    say("250 taken")?;
                } else {
                    // RFC 5321 4.5.3.1.6: 1000 with the line's end.
                    assert!(line.len() <= 998, "{} characters", line.len());
                    data += line.strip_prefix('.').unwrap_or(&line);
                    data += "\n";
                }
                continue;
            }
            let verb = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => say("250-stub\r\n250 8BITMIME")?,
                "MAIL" => say("250 ok")?,
                "RCPT" => {
                    to.push(line);
                    let answer = *self.rcpt.lock().unwrap();
                    if answer.is_empty() {
                        return None;
                    }
                    say(answer)?;
                }
                "DATA" => {
                    in_data = true;
                    say("354 go on")?;
                }
                "QUIT" => return say("221 bye"),
                _ => say("250 ok")?,
            }
        }
        Some(())
    }
}

fn email(server: &Server) -> Service {
    let to = [
        "Ops <ops@example.com>".to_owned(),
        "b@example.com".to_owned(),
    ];
    let url = format!("smtp://{}", server.address);
    Service::Email(Email::new(&url, "Abide <abide@example.com>", &to).unwrap())
}

/// Undoes quoted-printable.
fn decoded(mail: &str) -> String {
    let joined = mail.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.bytes();
    while let Some(byte) = rest.next() {
        let hex = match byte {
            b'=' => rest.clone().take(2).map(char::from).collect(),
            _ => String::new(),
        };
        match u8::from_str_radix(&hex, 16) {
            Ok(byte) => {
                bytes.push(byte);
                rest.nth(1);
            }
            Err(_) => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn mails_are_taken_and_inert() {
    let server = Server::new();
    let route = route(email(&server));
    let all = messages(&route);
    for message in &all {
        let sent = route.send(&Client::default(), message, 0, now());
        assert_eq!(sent.outcome, Outcome::Delivered);
    }
    let mails = server.mails.lock().unwrap().clone();
    assert_eq!(mails.len(), all.len());
    for ((to, mail), message) in mails.iter().zip(&all) {
        assert_eq!(to.len(), 2);
        let (head, body) = mail.split_once("\n\n").unwrap();
        let id = format!("Message-ID: <{}.abide@example.com>", message.id);
        assert!(head.lines().any(|line| line == id), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
        // A name cannot write headers.
        let names: Vec<&str> = head
            .lines()
            .filter(|line| !line.starts_with([' ', '\t']))
            .filter_map(|line| Some(line.split_once(':')?.0))
            .collect();
        let known = [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Auto-Submitted",
            "MIME-Version",
            "Content-Type",
        ];
        assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
        let body = decoded(body);
        assert!(body.contains("text/html") && body.contains("text/plain"));
        assert!(!body.split("text/html").nth(1).unwrap().contains("<script"));
    }
    assert!(decoded(&mails[3].1).contains("&lt;script&gt;"));
}

#[test]
fn refusals_and_troubles_are_told_apart() {
    let server = Server::new();
    let route = route(email(&server));
    let message = &messages(&route)[0];
    let client = Client::new(Duration::from_secs(2));
    let attempt = |answer| {
        *server.rcpt.lock().unwrap() = answer;
        route.send(&client, message, 0, now()).outcome
    };
    assert!(matches!(attempt("450 busy"), Outcome::Later { .. }));
    assert!(matches!(attempt("550 nobody here"), Outcome::Refused(_)));
    assert!(matches!(attempt(""), Outcome::Later { .. }));
    assert_eq!(attempt("250 ok"), Outcome::Delivered);
    assert_eq!(server.mails.lock().unwrap().len(), 1);
}
