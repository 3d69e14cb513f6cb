//! `abide drift --watch` and `--notify`: the real process, killed and begun again, a program that
//! stands for Terraform, and a receiver on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::plan;
use crate::drift::{Stand, drift_plan};

const SECRET: &str = "a-secret-that-is-long-enough";

/// How a receiver behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Takes,
    Busy,
    /// It takes the message, and its answer never comes.
    Silent,
}

#[derive(Clone)]
struct Receiver {
    address: String,
    mood: Arc<Mutex<Mood>>,
    /// Id and body of what came, refused or not.
    got: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Receiver {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap().to_string(),
            mood: Arc::new(Mutex::new(Mood::Takes)),
            got: Arc::default(),
        };
        let own = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream));
            }
        });
        receiver
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut id, mut length) = (String::new(), 0);
        for line in reader.by_ref().lines() {
            let line = line.unwrap().to_ascii_lowercase();
            match line.split_once(": ") {
                Some(("webhook-id", value)) => value.clone_into(&mut id),
                Some(("content-length", value)) => length = value.parse().unwrap(),
                _ if line.is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let body = serde_json::from_slice(&body).unwrap();
        let mood = *self.mood.lock().unwrap();
        self.got.lock().unwrap().push((id, body));
        let status = match mood {
            Mood::Takes => 200,
            Mood::Busy => 503,
            Mood::Silent => return std::thread::sleep(Duration::from_secs(30)),
        };
        let answer =
            format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
    }

    fn mood(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn count(&self) -> usize {
        self.got.lock().unwrap().len()
    }

    /// What came, each id once.
    fn messages(&self) -> Vec<Value> {
        let mut seen = BTreeSet::new();
        let got = self.got.lock().unwrap();
        let first = got.iter().filter(|(id, _)| seen.insert(id.clone()));
        first.map(|(_, body)| body.clone()).collect()
    }

    /// `opened aws_x.y POL-0001` and how often, over all messages.
    fn changes(&self) -> BTreeMap<String, usize> {
        let mut changes = BTreeMap::new();
        for message in self.messages() {
            for change in message["data"]["changes"].as_array().unwrap() {
                let text = |name: &str| change[name].as_str().unwrap().to_owned();
                let line = format!("{} {} {}", text("change"), text("address"), text("policy"));
                *changes.entry(line).or_default() += 1;
            }
        }
        changes
    }
}

/// A target whose plan is `plan.json` of the folder, and which takes long when `slow` is there.
fn stand(receiver: &Receiver) -> Stand {
    let targets = "[drift]\nschedule = \"0 * * * *\"\ntime_zone = \"Europe/Berlin\"\n\
                   [targets.prod]\ndirectory = \"infra\"\nowner = \"payments\"\nnotify = [\"hook\"]\n\
                   [notify.hook]\nkind = \"webhook\"\nurl_env = \"HOOK_URL\"\nsecret_env = \"HOOK_SECRET\"\n";
    let behaviour = "here=$(dirname \"$0\")\n\
                     if [ \"$1\" = plan ] && [ -e \"$here/slow\" ]; then sleep 300; fi\n\
                     if [ \"$1\" = show ]; then cat \"$here/plan.json\"; exit 0; fi";
    let stand = Stand::new(targets, behaviour);
    fs::write(
        stand.path("hook.env"),
        format!("http://{}/hook", receiver.address),
    )
    .unwrap();
    fs::copy(plan("drift-in-plan"), stand.path("plan.json")).unwrap();
    stand
}

struct Watch {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Watch {
    fn begin(stand: &Stand) -> Self {
        Self::begin_with(stand, &[])
    }

    fn begin_with(stand: &Stand, arguments: &[&str]) -> Self {
        let folder = stand.path("");
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("abide"))
            .args(["drift", "--watch", "--metrics", "metrics.prom"])
            .args(arguments)
            .env_remove("GITHUB_REPOSITORY")
            .current_dir(&folder)
            .env("PATH", path)
            .env(
                "HOOK_URL",
                fs::read_to_string(stand.path("hook.env")).unwrap(),
            )
            .env("HOOK_SECRET", SECRET)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let (lines, to) = (BufReader::new(child.stderr.take().unwrap()), log.clone());
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                to.lock().unwrap().push(line);
            }
        });
        Self { child, log }
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            let late = begun.elapsed() > Duration::from_secs(60);
            assert!(!late, "waited in vain for {what}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn said(&self, text: &str) {
        self.until(text, || self.log().contains(text));
    }

    /// The machine's end: nothing is said, nothing is tidied up.
    fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log()
    }

    /// Asks to end, and says how it did.
    fn end(mut self) -> String {
        let begun = Instant::now();
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(asked.success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}\n{}", self.log());
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(25), "it took {took:?}");
        std::thread::sleep(Duration::from_millis(100));
        self.log()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
    }
}

fn memory(stand: &Stand) -> Value {
    serde_json::from_str(&fs::read_to_string(stand.path(".abide/watch.json")).unwrap()).unwrap()
}

/// Two hours pass while nobody watches.
fn hours_pass(stand: &Stand) {
    let back = |value: &mut Value, hours: i64| {
        let at: jiff::Timestamp = value.as_str().unwrap().parse().unwrap();
        let at = at - jiff::SignedDuration::from_hours(hours);
        *value = at.to_string().into();
    };
    let mut memory = memory(stand);
    back(&mut memory["targets"]["prod"]["settled"], 2);
    for letter in memory["desk"]["letters"].as_array_mut().unwrap() {
        back(&mut letter["next_at"], 1);
    }
    fs::write(stand.path(".abide/watch.json"), memory.to_string()).unwrap();
}

#[test]
fn killed_and_begun_again_it_tells_each_change_once() {
    let receiver = Receiver::new();
    let stand = stand(&receiver);
    let watch = Watch::begin(&stand);
    watch.said("prod: watched at 0 * * * * Europe/Berlin, 0 s later; told: hook");
    watch.until("the memory", || stand.path(".abide/watch.json").exists());
    watch.until("the target", || {
        memory(&stand)["targets"]["prod"].is_object()
    });
    assert!(watch.end().contains("ended; nothing waits to be told"));

    // Killed while the message waits.
    hours_pass(&stand);
    receiver.mood(Mood::Busy);
    let watch = Watch::begin(&stand);
    watch.said("prod: looked at in");
    watch.said("not delivered, the service answered 503");
    let log = watch.kill();
    assert!(
        log.contains("due time was missed; one look for it"),
        "{log}"
    );
    assert!(log.contains("prod: looked at in"), "{log}");

    // Killed while the receiver has it and has not answered.
    hours_pass(&stand);
    receiver.mood(Mood::Silent);
    let before = receiver.count();
    let watch = Watch::begin(&stand);
    watch.until("a request", || receiver.count() > before);
    watch.kill();

    // Delivered at last, and never told again.
    hours_pass(&stand);
    receiver.mood(Mood::Takes);
    let watch = Watch::begin(&stand);
    watch.said("notify hook: prod: delivered (5 opened)");
    watch.kill();
    hours_pass(&stand);
    let before = receiver.count();
    let watch = Watch::begin(&stand);
    watch.said("prod: looked at in");
    watch.end();
    assert_eq!(receiver.count(), before);
    assert_eq!(receiver.messages().len(), 1);

    // Mended: each is resolved once.
    fs::copy(drift_plan("after-apply"), stand.path("plan.json")).unwrap();
    hours_pass(&stand);
    let watch = Watch::begin(&stand);
    watch.said("notify hook: prod: delivered (5 resolved)");
    watch.kill();
    let changes = receiver.changes();
    assert_eq!(changes.len(), 10, "{changes:?}");
    assert!(changes.values().all(|times| *times == 1), "{changes:?}");
    let first = &receiver.messages()[0];
    assert_eq!(first["data"]["owner"], "payments");
    assert_eq!(first["data"]["summary"]["open"], 5);

    // All due times are accounted for.
    let slots = &memory(&stand)["targets"]["prod"];
    assert!(slots["ran"].as_u64().unwrap() >= 3, "{slots}");
    assert_eq!(slots["failed"], 0);
    let numbers = fs::read_to_string(stand.path("metrics.prom")).unwrap();
    assert!(
        numbers.contains("abide_watch_slots_total{target=\"prod\",state=\"ran\"}"),
        "{numbers}"
    );
    let file = fs::read_to_string(stand.path(".abide/watch.json")).unwrap();
    assert!(
        !file.contains(SECRET) && !file.contains(&receiver.address),
        "{file}"
    );
}

#[test]
fn asked_to_end_it_ends_the_plan_and_catches_up_later() {
    let receiver = Receiver::new();
    let stand = stand(&receiver);
    let watch = Watch::begin(&stand);
    watch.until("the target", || {
        stand.path(".abide/watch.json").exists() && memory(&stand)["targets"]["prod"].is_object()
    });
    // There is one at a time.
    let second = Watch::begin(&stand);
    second.said("is in use by another abide");
    drop(second);
    watch.end();
    hours_pass(&stand);
    fs::write(stand.path("slow"), "").unwrap();
    let watch = Watch::begin(&stand);
    watch.until("the plan", || {
        fs::read_to_string(stand.path("asked")).is_ok_and(|asked| asked.contains("plan "))
    });
    let log = watch.end();
    assert!(log.contains("prod: ended before it was done"), "{log}");
    assert_eq!(receiver.count(), 0);
    fs::remove_file(stand.path("slow")).unwrap();
    let watch = Watch::begin(&stand);
    watch.said("delivered (5 opened)");
    watch.end();
    assert_eq!(receiver.count(), 1);
}

#[test]
fn a_single_run_tells_what_is_new_since_the_last() {
    let receiver = Receiver::new();
    let stand = stand(&receiver);
    let run = |arguments: &[&str]| {
        let url = fs::read_to_string(stand.path("hook.env")).unwrap();
        let folder = stand.path("");
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        crate::command::abide()
            .current_dir(&folder)
            .env("PATH", path)
            .env("HOOK_URL", url)
            .env("HOOK_SECRET", SECRET)
            .args(arguments)
            .output()
            .unwrap()
    };
    for _ in 0..2 {
        let ran = run(&["drift", "--all", "--notify"]);
        assert_eq!(ran.status.code(), Some(1));
    }
    assert_eq!(receiver.count(), 1);
    // A target that cannot be looked at resolves nothing, and is told once.
    fs::write(stand.path("plan.json"), "{}").unwrap();
    for _ in 0..2 {
        assert_eq!(run(&["drift", "prod", "--notify"]).status.code(), Some(2));
    }
    let messages = receiver.messages();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1]["data"]["health"]["change"], "failing");
    assert_eq!(messages[1]["data"]["summary"]["open"], 5);
    let ran = run(&["notify", "test", "hook"]);
    assert_eq!(
        String::from_utf8_lossy(&ran.stdout),
        "hook (webhook): delivered\n"
    );
    assert_eq!(receiver.messages()[2]["type"], "abide.test");
    receiver.mood(Mood::Busy);
    let ran = run(&["notify", "test", "hook"]);
    assert_eq!(ran.status.code(), Some(2));
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!(said, "hook (webhook): FAILED: the service answered 503\n");
}

#[test]
fn slips_of_the_configuration_are_said_at_their_place() {
    for (config, said) in [
        (
            "[targets.prod]\ndirectory = \"infra\"\nschedule = \"0 25 * * *\"\n",
            "abide.toml:3:12: target `prod`: `0 25 * * *` is no schedule",
        ),
        (
            "[drift]\nschedule = \"@daily\"\ntime_zone = \"Berlin\"\n[targets.prod]\ndirectory = \"infra\"\n",
            "abide.toml:3:13: target `prod`: `Berlin` is no time zone",
        ),
        (
            "[targets.prod]\ndirectory = \"infra\"\n",
            "no target has a schedule",
        ),
        (
            "[targets.prod]\ndirectory = \"infra\"\nschedule = \"@daily\"\nnotify = [\"ops\"]\n[notify.opps]\nkind = \"slack\"\n",
            "abide.toml:4:11: there is no route `ops`; abide.toml has opps; did you mean `opps`?",
        ),
        (
            "[targets.prod]\ndirectory = \"infra\"\nschedule = \"@daily\"\nnotify = [\"ops\"]\n[notify.ops]\nkind = \"slack\"\nurl_env = \"NOT_THERE\"\n",
            "abide.toml:7:11: notify.ops: the environment variable NOT_THERE is not set; it is to hold the address",
        ),
        (
            "[targets.prod]\ndirectory = \"infra\"\nschedule = \"@daily\"\nnotify = [\"ops\"]\n[notify.ops]\nkind = \"slack\"\nurl_env = \"PATH\"\nsecret_env = \"X\"\n",
            "abide.toml:8:14: notify.ops.secret_env means nothing for this kind of route",
        ),
        (
            "[targets.prod]\ndirectory = \"infra\"\nschedule = \"@daily\"\nnotify = [\"ops\"]\n[notify.ops]\nkind = \"slack\"\nurl_env = \"PATH\"\n",
            "abide.toml:6:8: notify.ops: the address of the webhook is no address: expected https://",
        ),
    ] {
        let ran = Stand::new(config, "").run(&["drift", "--watch"]);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains(said), "{said}\n{}", ran.stderr);
    }
}

#[test]
fn the_store_knows_what_became_of_due_times() {
    let receiver = Receiver::new();
    let stand = stand(&receiver);
    let recorded = ["--record", "--stream", "payments"];
    let watch = Watch::begin_with(&stand, &recorded);
    watch.until("the target", || {
        stand.path(".abide/watch.json").exists() && memory(&stand)["targets"]["prod"].is_object()
    });
    watch.end();
    hours_pass(&stand);
    let listed = || {
        let slots = stand.run(&["store", "slots", "list", "--store", ".abide/abide.db"]);
        assert_eq!(slots.code, 0, "{}", slots.stderr);
        slots.stdout
    };
    let good = fs::read(stand.path("plan.json")).unwrap();
    fs::write(stand.path("plan.json"), "{}").unwrap();
    hours_pass(&stand);
    let watch = Watch::begin_with(&stand, &recorded);
    watch.said("prod: FAILED in");
    watch.end();
    let slots = listed();
    assert!(
        slots.contains("failed") && slots.contains("missed"),
        "{slots}"
    );
    // A scan of the same due time answers it after all.
    fs::write(stand.path("plan.json"), good).unwrap();
    hours_pass(&stand);
    let watch = Watch::begin_with(&stand, &recorded);
    watch.said("prod: looked at in");
    watch.end();
    let slots = listed();
    assert!(
        !slots.contains("failed") && slots.contains("missed"),
        "{slots}"
    );
    let checked = stand.run(&["evidence", "verify", "--store", ".abide/abide.db"]);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
}
