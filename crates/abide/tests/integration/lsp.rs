//! `abide lsp`, asked by a client over its standard input and output.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use lsp_server::{Message, Notification, Request};
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

/// An editor without a face.
struct Client {
    server: Child,
    input: ChildStdin,
    output: Receiver<Value>,
    /// Notifications that came before an answer.
    waiting: VecDeque<Value>,
    id: i32,
    root: String,
}

impl Client {
    fn start(dir: &Path, arguments: &[&str]) -> Self {
        let mut server = Command::new(assert_cmd::cargo::cargo_bin("abide"))
            .arg("lsp")
            .args(arguments)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = server.stdout.take().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(message) = read(&mut stdout) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            input: server.stdin.take().unwrap(),
            server,
            output,
            waiting: VecDeque::new(),
            id: 0,
            root: format!("file://{}", dir.canonicalize().unwrap().display()),
        }
    }

    /// Started, with the handshake done.
    fn ready(dir: &Path, arguments: &[&str]) -> Self {
        let mut client = Self::start(dir, arguments);
        let root = client.root.clone();
        let answer = client.ask(
            "initialize",
            json!({
                "processId": null,
                "rootUri": root,
                "capabilities": { "future": { "unheard": ["of", 1] } },
                "fromTheFuture": 7,
            }),
        );
        assert_eq!(answer["result"]["capabilities"]["hoverProvider"], true);
        client.tell("initialized", json!({}));
        client
    }

    fn uri(&self, name: &str) -> String {
        format!("{}/{name}", self.root)
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).unwrap();
        self.input.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        let message = Message::from(Notification::new(method.to_owned(), params));
        message.write(&mut self.input).unwrap();
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        let request = Request::new(self.id.into(), method.to_owned(), params);
        Message::from(request).write(&mut self.input).unwrap();
        loop {
            let message = self.output.recv_timeout(PATIENCE).unwrap();
            if message.get("id") == Some(&json!(self.id)) {
                return message;
            }
            self.waiting.push_back(message);
        }
    }

    fn open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        let document = json!({"uri": uri, "languageId": "terraform", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&mut self, name: &str, version: i32, text: &str) {
        let document = json!({ "uri": self.uri(name), "version": version });
        let changes = json!([{ "text": text }]);
        self.tell(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": changes }),
        );
    }

    /// What is said next.
    fn next(&mut self) -> Value {
        self.waiting
            .pop_front()
            .unwrap_or_else(|| self.output.recv_timeout(PATIENCE).unwrap())
    }

    /// The diagnostics that are published next, which are of this file.
    fn diagnostics(&mut self, name: &str) -> Vec<Value> {
        let message = self.next();
        assert_eq!(
            message["method"], "textDocument/publishDiagnostics",
            "{message}"
        );
        assert_eq!(message["params"]["uri"], self.uri(name));
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    fn actions(&mut self, name: &str, range: &Value) -> Vec<Value> {
        let params = json!({
            "textDocument": { "uri": self.uri(name) },
            "range": range,
            "context": { "diagnostics": [] },
        });
        let answer = self.ask("textDocument/codeAction", params);
        answer["result"].as_array().unwrap().clone()
    }

    fn stop(mut self) {
        let answer = self.ask("shutdown", Value::Null);
        assert_eq!(answer["result"], Value::Null);
        self.tell("exit", Value::Null);
        assert_eq!(self.server.wait().unwrap().code(), Some(0));
    }
}

/// Any message, also an error without an id, which `lsp-server` does not know.
fn read(input: &mut impl std::io::BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        let value = line.strip_prefix("Content-Length: ").unwrap();
        length = value.trim().parse().unwrap();
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

/// The byte of a position of the protocol.
fn byte(text: &str, position: &Value) -> usize {
    let line = usize::try_from(position["line"].as_u64().unwrap()).unwrap();
    let character = usize::try_from(position["character"].as_u64().unwrap()).unwrap();
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let mut units = 0;
    for (at, c) in text.get(start..).unwrap().char_indices() {
        if units == character {
            return start + at;
        }
        units += c.len_utf16();
    }
    assert_eq!(units, character);
    text.len()
}

fn at<'t>(text: &'t str, range: &Value) -> &'t str {
    text.get(byte(text, &range["start"])..byte(text, &range["end"]))
        .unwrap()
}

/// The text after the edits of an action for this file.
fn apply(text: &str, action: &Value, uri: &str) -> String {
    let mut edits = action["edit"]["changes"][uri].as_array().unwrap().clone();
    edits.sort_by_key(|edit| std::cmp::Reverse(byte(text, &edit["range"]["start"])));
    let mut text = text.to_owned();
    for edit in edits {
        let range = &edit["range"];
        let bytes = byte(&text, &range["start"])..byte(&text, &range["end"]);
        text.replace_range(bytes, edit["newText"].as_str().unwrap());
    }
    text
}

const PUBLIC: &str = "resource \"aws_db_instance\" \"a\" {\n  publicly_accessible = true\n}\n";
const ONLY: &[&str] = &["--no-config", "--select", "POL-0333"];

fn folder(text: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("main.tf"), text).unwrap();
    dir
}

#[test]
fn what_is_found_is_explained_and_mended() {
    let dir = folder("# nothing yet\n");
    let mut client = Client::ready(dir.path(), ONLY);
    client.open("main.tf", PUBLIC);
    let found = client.diagnostics("main.tf");
    assert_eq!(found.len(), 1, "{found:?}");
    let range = &found[0]["range"];
    assert_eq!(
        *range,
        json!({"start": {"line": 1, "character": 2}, "end": {"line": 1, "character": 28}})
    );
    assert_eq!(at(PUBLIC, range), "publicly_accessible = true");
    assert_eq!(found[0]["code"], "POL-0333");
    assert_eq!(found[0]["source"], "abide");
    let href = found[0]["codeDescription"]["href"].as_str().unwrap();
    assert!(href.starts_with("https://"), "{href}");
    let related = &found[0]["relatedInformation"][0];
    assert_eq!(related["message"], "in this block");
    assert_eq!(
        at(PUBLIC, &related["location"]["range"]),
        "resource \"aws_db_instance\" \"a\""
    );

    let document = json!({ "uri": client.uri("main.tf") });
    let place = |line: u32| json!({ "textDocument": document, "position": { "line": line, "character": 5 } });
    let hover = client.ask("textDocument/hover", place(1));
    let text = hover["result"]["contents"]["value"].as_str().unwrap();
    let explained = crate::command::run(&["explain", "--no-config", "POL-0333"]);
    assert!(text.contains(&explained.stdout), "{text}");
    assert_eq!(hover["result"]["range"], *range);
    let nothing = client.ask("textDocument/hover", place(2));
    assert_eq!(nothing["result"], Value::Null);

    let actions = client.actions("main.tf", range);
    assert_eq!(actions.len(), 1, "{actions:?}");
    assert_eq!(actions[0]["kind"], "quickfix");
    assert_eq!(actions[0]["title"], "POL-0333: publicly_accessible = false");
    assert_eq!(actions[0]["diagnostics"][0], found[0]);
    let mended = apply(PUBLIC, &actions[0], &client.uri("main.tf"));
    assert_eq!(mended, PUBLIC.replace("true", "false"));
    client.change("main.tf", 2, &mended);
    assert_eq!(client.diagnostics("main.tf"), Vec::<Value>::new());
    client.stop();
    // The editor owns the file.
    assert_eq!(
        fs::read_to_string(dir.path().join("main.tf")).unwrap(),
        "# nothing yet\n"
    );
}

#[test]
fn columns_count_utf16() {
    let text = "resource \"aws_db_instance\" \"a\" { /* 😀é */ publicly_accessible = true }\n";
    let dir = folder("");
    let mut client = Client::ready(dir.path(), ONLY);
    client.open("main.tf", text);
    let found = client.diagnostics("main.tf");
    let range = &found[0]["range"];
    let before = text.split("publicly").next().unwrap();
    let units = before.encode_utf16().count();
    assert_ne!(units, before.chars().count());
    assert_eq!(range["start"]["character"], units);
    assert_eq!(at(text, range), "publicly_accessible = true");
    let actions = client.actions("main.tf", range);
    let mended = apply(text, &actions[0], &client.uri("main.tf"));
    assert_eq!(mended, text.replace("true", "false"));
    client.stop();
}

#[test]
fn a_module_is_mended_where_it_is_called() {
    let dir = folder("module \"m\" {\n  source = \"./m\"\n  public = true\n}\n");
    fs::create_dir(dir.path().join("m")).unwrap();
    let module = "variable \"public\" {}\nresource \"aws_db_instance\" \"a\" {\n  publicly_accessible = var.public\n}\n";
    fs::write(dir.path().join("m/main.tf"), module).unwrap();
    let main = fs::read_to_string(dir.path().join("main.tf")).unwrap();
    let mut client = Client::ready(dir.path(), ONLY);
    client.open("main.tf", &main);
    let found = client.diagnostics("main.tf");
    assert_eq!(at(&main, &found[0]["range"]), "public = true");
    let used = &found[0]["relatedInformation"][0];
    assert_eq!(used["location"]["uri"], client.uri("m/main.tf"));
    assert_eq!(
        at(module, &used["location"]["range"]),
        "publicly_accessible = var.public"
    );
    let actions = client.actions("main.tf", &found[0]["range"]);
    let mended = apply(&main, &actions[0], &client.uri("main.tf"));
    assert_eq!(mended, main.replace("true", "false"));
    // The module's text in the editor is what counts for its callers too.
    client.open("m/main.tf", &module.replace("var.public", "false"));
    assert_eq!(client.diagnostics("m/main.tf"), Vec::<Value>::new());
    assert_eq!(client.diagnostics("main.tf"), Vec::<Value>::new());
    client.stop();
}

#[test]
fn a_file_that_is_not_saved_yet_and_a_closed_one() {
    let dir = folder("");
    let mut client = Client::ready(dir.path(), ONLY);
    client.open("new.tf", PUBLIC);
    assert_eq!(client.diagnostics("new.tf").len(), 1);
    let document = json!({ "uri": client.uri("new.tf") });
    client.tell("textDocument/didClose", json!({ "textDocument": document }));
    assert_eq!(client.diagnostics("new.tf").len(), 0);
    client.stop();
}

#[test]
fn broken_syntax_is_shown_and_the_rest_judged() {
    let dir = folder("");
    fs::write(dir.path().join("other.tf"), PUBLIC).unwrap();
    let mut client = Client::ready(dir.path(), ONLY);
    client.open("main.tf", "locals {\n  a = = 1\n}\n");
    let broken = client.diagnostics("main.tf");
    assert_eq!(broken[0]["range"]["start"]["line"], 1, "{broken:?}");
    assert_eq!(broken[0]["severity"], 1);
    assert_eq!(client.diagnostics("other.tf")[0]["code"], "POL-0333");
    client.stop();
}

#[test]
fn broken_messages_do_not_end_it() {
    let dir = folder("");
    let mut client = Client::start(dir.path(), ONLY);
    let early = client.ask("textDocument/hover", json!({}));
    assert_eq!(early["error"]["code"], -32002);
    client.raw(b"Content-Length: 5\r\n\r\n{\"a\":");
    assert_eq!(client.next()["error"]["code"], -32700);
    client.raw(b"Content-Length: 2\r\n\r\n[]");
    assert_eq!(client.next()["error"]["code"], -32600);
    client.raw(b"Nonsense: 1\r\n\r\n");
    assert_eq!(client.next()["error"]["code"], -32700);
    let root = client.root.clone();
    let answer = client.ask("initialize", json!({ "rootUri": root, "capabilities": 3 }));
    assert_eq!(answer["result"]["serverInfo"]["name"], "abide");
    let answer = client.ask("textDocument/hover", json!({ "textDocument": 1 }));
    assert_eq!(answer["error"]["code"], -32602);
    let answer = client.ask("abide/unheardOf", json!({}));
    assert_eq!(answer["error"]["code"], -32601);
    client.tell("textDocument/didOpen", json!({ "textDocument": [] }));
    client.tell("textDocument/didChange", json!(null));
    client.open("main.tf", PUBLIC);
    assert_eq!(client.diagnostics("main.tf").len(), 1);
    client.stop();
}

#[test]
fn the_configuration_of_the_folder_counts() {
    let dir = folder(PUBLIC);
    let config = dir.path().join("abide.toml");
    fs::write(&config, "[scan]\nselekt = []\n").unwrap();
    let mut client = Client::ready(dir.path(), &[]);
    client.open("main.tf", PUBLIC);
    let message = client.next();
    assert_eq!(message["method"], "window/showMessage");
    let text = message["params"]["message"].as_str().unwrap();
    assert!(text.contains("abide.toml:2:1"), "{text}");
    fs::write(
        &config,
        "[scan]\nselect = [\"POL-0333\"]\n[policies.POL-0333]\nseverity = \"low\"\n",
    )
    .unwrap();
    let document = json!({ "uri": client.uri("abide.toml") });
    client.tell("textDocument/didSave", json!({ "textDocument": document }));
    let found = client.diagnostics("main.tf");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["severity"], 3);
    client.stop();
}

#[test]
fn exit_without_shutdown_is_an_error() {
    let dir = folder("");
    let mut client = Client::ready(dir.path(), ONLY);
    client.tell("exit", Value::Null);
    assert_eq!(client.server.wait().unwrap().code(), Some(1));
}

/// Databases enough that to judge them takes a while, each to be mended.
fn many() -> String {
    (0..1_500)
        .map(|n| {
            format!("resource \"aws_db_instance\" \"d{n}\" {{\n  publicly_accessible = true\n}}\n")
        })
        .collect()
}

impl Client {
    /// Asks without waiting for the answer.
    fn request(&mut self, method: &str, params: Value) -> i32 {
        self.id += 1;
        let request = Request::new(self.id.into(), method.to_owned(), params);
        Message::from(request).write(&mut self.input).unwrap();
        self.id
    }

    /// Asks for the edits of the first twenty databases: each is proven.
    fn request_many(&mut self) -> i32 {
        let params = json!({
            "textDocument": { "uri": self.uri("main.tf") },
            "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 60, "character": 0 } },
            "context": { "diagnostics": [] },
        });
        self.request("textDocument/codeAction", params)
    }

    /// The next answer, and whose it is.
    fn answer(&mut self) -> (i32, Value) {
        loop {
            let message = self.output.recv_timeout(PATIENCE).unwrap();
            if let Some(id) = message.get("id").and_then(Value::as_i64) {
                return (i32::try_from(id).unwrap(), message);
            }
            self.waiting.push_back(message);
        }
    }

    fn hover(&mut self, line: u32) -> i32 {
        let params = json!({
            "textDocument": { "uri": self.uri("main.tf") },
            "position": { "line": line, "character": 5 },
        });
        self.request("textDocument/hover", params)
    }
}

#[test]
fn hover_answers_while_fixes_are_proven() {
    let text = many();
    let dir = folder(&text);
    let mut client = Client::ready(dir.path(), ONLY);
    client.open("main.tf", &text);
    assert_eq!(client.diagnostics("main.tf").len(), 1_500);
    let big = client.request_many();
    // The worker has it by now, and hover comes behind it.
    std::thread::sleep(Duration::from_millis(50));
    let hover = client.hover(1);
    let (first, answer) = client.answer();
    assert_eq!(first, hover, "{answer}");
    let explained = answer["result"]["contents"]["value"].as_str().unwrap();
    assert!(explained.contains("POL-0333"), "{explained}");
    let (second, answer) = client.answer();
    assert_eq!(second, big);
    assert_eq!(answer["result"].as_array().unwrap().len(), 20);
    client.stop();
}

#[test]
fn stale_and_cancelled_requests_are_answered_at_once() {
    let text = many();
    let dir = folder(&text);
    let mut client = Client::ready(dir.path(), ONLY);
    client.open("main.tf", &text);
    client.diagnostics("main.tf");
    let cancelled = client.request_many();
    client.tell("$/cancelRequest", json!({ "id": cancelled }));
    let (id, answer) = client.answer();
    assert_eq!((id, &answer["error"]["code"]), (cancelled, &json!(-32800)));
    let stale = client.request_many();
    client.change("main.tf", 2, PUBLIC);
    let (id, answer) = client.answer();
    assert_eq!((id, &answer["error"]["code"]), (stale, &json!(-32801)));
    // What was called off is not answered again, and the new text is judged.
    let found = client.diagnostics("main.tf");
    assert_eq!(found.len(), 1);
    let actions = client.actions("main.tf", &found[0]["range"]);
    assert_eq!(actions.len(), 1, "{actions:?}");
    client.stop();
}

/// The answer is for the text that was sent before, judged or not.
#[test]
fn code_actions_wait_for_the_text_to_be_judged() {
    let dir = folder("# nothing yet\n");
    let mut client = Client::ready(dir.path(), ONLY);
    client.open("main.tf", "# nothing\n");
    client.change("main.tf", 2, PUBLIC);
    let range = json!({"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 4}});
    let actions = client.actions("main.tf", &range);
    assert_eq!(actions.len(), 1, "{actions:?}");
    client.stop();
}

/// Policies that cannot be read are said once, and read again when they are mended.
#[test]
fn a_broken_configuration_is_read_again() {
    let dir = folder(PUBLIC);
    fs::write(dir.path().join("abide.toml"), "[scan\n").unwrap();
    let mut client = Client::ready(dir.path(), &["--select", "POL-0333"]);
    client.open("main.tf", PUBLIC);
    let said = client.next();
    assert_eq!(said["method"], "window/showMessage", "{said}");
    fs::write(
        dir.path().join("abide.toml"),
        "[source]\nworkspace = \"x\"\n",
    )
    .unwrap();
    client.tell("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    assert_eq!(client.diagnostics("main.tf").len(), 1);
    client.stop();
}
