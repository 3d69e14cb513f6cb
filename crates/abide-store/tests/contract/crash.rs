//! Processes that are killed, servers that go away, disks that are full, two writers at once: nothing
//! is half recorded, nothing is lost once acknowledged.
//!
//! `ABIDE_CRASH_ROUNDS` says how many processes are killed on each store.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use abide_store::{Snapshot, Status, Store};
use serde_json::json;

use crate::server::{self, Restartable};
use crate::{HOUR, T0, key, snapshot};

/// Set for the process that records until it is killed.
const URL: &str = "ABIDE_CRASH_URL";

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A scan of a stream; every one changes something.
fn scan(stream: &str, number: i64) -> Snapshot {
    let policies: Vec<String> = (0..5).map(|n| format!("POL-{n:04}")).collect();
    let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
    let addresses: Vec<String> = (0..6).map(|n| format!("bucket{n}")).collect();
    let mut cells = Vec::new();
    for (row, address) in (0..).zip(&addresses) {
        for (column, policy) in (0..).zip(&policies) {
            let status = match (row * 7 + column * 3 + number / (1 + row % 3)) % 5 {
                0 => Status::Fail,
                1 => Status::Unknown,
                _ => Status::Pass,
            };
            cells.push((address.as_str(), *policy, status));
        }
    }
    let mut scan = snapshot(number, &policies, &cells);
    scan.context.stream = stream.to_owned();
    scan.at = T0 + number;
    scan
}

/// No test by itself: what the killed processes do.
#[test]
#[ignore = "started by the tests of this file"]
fn records_until_it_is_killed() {
    let Ok(url) = std::env::var(URL) else { return };
    let variable = |name: &str| std::env::var(name).expect("set by the parent");
    let stream = variable("ABIDE_CRASH_STREAM");
    let first: i64 = variable("ABIDE_CRASH_FIRST").parse().expect("a number");
    let mut store = Store::open(&url).expect("open");
    println!("ready");
    for number in first.. {
        if let Err(error) = store.record(&scan(&stream, number), &key(), T0 + HOUR) {
            println!("failed {error}");
            return;
        }
        println!("acknowledged {number}");
        std::io::stdout().flush().expect("a pipe");
    }
}

/// A process that records a stream from a scan on.
struct Recorder {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    stream: &'static str,
}

impl Recorder {
    fn command(url: &str, stream: &str, first: i64) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        command.args(["--exact", "crash::records_until_it_is_killed"]);
        command.args(["--ignored", "--nocapture", "--test-threads=1"]);
        command.env(URL, url).env("ABIDE_CRASH_STREAM", stream);
        command.env("ABIDE_CRASH_FIRST", first.to_string());
        command
    }

    fn spawn(mut command: Command, stream: &'static str) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("starts");
        let said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self {
            child,
            said,
            stream,
        }
    }

    /// Waits until it has opened the store.
    fn ready(&mut self) {
        let mut said = self.said.by_ref().map_while(Result::ok);
        assert!(said.any(|line| line.ends_with("ready")), "it ended early");
    }

    /// Kills it after a while; gives the last scan it acknowledged.
    fn kill(mut self, after: Duration) -> Option<i64> {
        std::thread::sleep(after);
        // SIGKILL.
        self.child.kill().expect("killed");
        self.last().0
    }

    /// Waits for its end; the last acknowledged scan, and how it failed.
    fn last(&mut self) -> (Option<i64>, Option<String>) {
        let (mut last, mut failed) = (None, None);
        for line in self.said.by_ref().map_while(Result::ok) {
            // The test harness writes its own words before the first one on the same line.
            if let Some((_, number)) = line.split_once("acknowledged ") {
                last = number.parse().ok();
            } else if let Some((_, error)) = line.split_once("failed ") {
                failed = Some(error.to_owned());
            }
        }
        self.child.wait().expect("ends");
        (last, failed)
    }
}

/// Every acknowledged scan is there, none twice, and the ledger holds.
fn whole(url: &str, acknowledged: &[(&str, i64)]) {
    let mut store = Store::open(url).expect("open");
    for (stream, last) in acknowledged {
        let runs = store.runs("acme", stream, 0, i64::MAX).expect("runs");
        let numbers: Vec<i64> = runs.iter().map(|run| run.at - T0).collect();
        let expected: Vec<i64> = (0..).take(numbers.len()).collect();
        assert_eq!(numbers, expected, "{stream}: a gap or a double");
        assert!(
            runs.len() as i64 > *last,
            "{stream}: {} recorded, {last} acknowledged",
            runs.len()
        );
        let newest = runs.last().expect("a scan");
        let stored = store.results("acme", stream, newest.seq).expect("whole");
        let scan = scan(stream, newest.at - T0);
        for (subject, records) in &scan.results {
            assert!(Store::same(
                records,
                &stored.as_ref().expect("complete")[subject]
            ));
        }
    }
    let bundle = store.log("acme").expect("log");
    bundle.log.verify(key().public(), &[]).expect("good");
}

fn rounds() -> u64 {
    let rounds = std::env::var("ABIDE_CRASH_ROUNDS").ok();
    rounds.map_or(40, |text| text.parse().expect("a number"))
}

/// Kills one recorder at any moment, and every third time two that write at once.
fn killed(url: &str) {
    Store::open(url).expect("open");
    let streams = ["one", "two"];
    let mut last: [i64; 2] = [-1, -1];
    let mut numbers = Numbers(42);
    // How long recorders live at most, in microseconds: on a busy machine nothing is recorded in the
    // time that is plenty on an idle one.
    let mut window = 60_000;
    for round in 0..rounds() {
        let writers = if round % 3 == 0 { 2 } else { 1 };
        let mut recorders: Vec<Recorder> = (0..writers)
            .map(|at| {
                let command = Recorder::command(url, streams[at], last[at] + 1);
                Recorder::spawn(command, streams[at])
            })
            .collect();
        // Now and then it is killed while it opens the store.
        if round % 5 != 4 {
            recorders.iter_mut().for_each(Recorder::ready);
        }
        for recorder in recorders {
            let at = usize::from(recorder.stream == "two");
            let acknowledged = recorder.kill(Duration::from_micros(numbers.below(window)));
            window = match acknowledged {
                Some(_) => (window * 9 / 10).max(60_000),
                None => (window * 3 / 2).min(2_000_000),
            };
            last[at] = acknowledged.unwrap_or(last[at]);
        }
        let known = streams.into_iter().zip(last);
        let known: Vec<_> = known.filter(|(_, last)| *last >= 0).collect();
        if round % 4 == 3 {
            whole(url, &known);
        }
    }
    assert!(
        last.iter().all(|last| *last > 3),
        "hardly anything was recorded: {last:?}"
    );
    whole(url, &streams.into_iter().zip(last).collect::<Vec<_>>());
    let checked = Store::open(url).expect("open").check_scans("acme", None);
    assert!(checked.expect("reproduced").reproduced as i64 >= last[0] + last[1] + 2);
}

#[test]
fn killed_on_sqlite() {
    let folder = tempfile::tempdir().expect("folder");
    killed(&folder.path().join("abide.db").display().to_string());
}

#[test]
fn killed_on_postgres() {
    killed(&server::shared().database("killed"));
}

/// The server stops at once, without a word, while somebody writes; then it is there again.
#[test]
fn the_server_goes_away() {
    let server = Restartable::start(None);
    let url = server.url("postgres");
    let mut numbers = Numbers(7);
    let mut next = 0;
    for _ in 0..4 {
        let mut recorder = Recorder::spawn(Recorder::command(&url, "one", next), "one");
        recorder.ready();
        std::thread::sleep(Duration::from_millis(200 + numbers.below(150)));
        server.stop();
        let (last, failed) = recorder.last();
        let last = last.expect("it recorded something");
        failed.expect("it says that it failed");
        server.resume();
        whole(&url, &[("one", last)]);
        next = last + 1;
    }
    // What was committed but not acknowledged is the same scan when it comes again.
    let mut store = Store::open(&url).expect("open");
    store
        .record(&scan("one", next), &key(), T0 + HOUR)
        .expect("recorded");
    whole(&url, &[("one", next)]);
}

/// A recorder whose files may not grow: what a full disk looks like to a program.
fn limited(mut command: Command, kilobytes: u32) -> Command {
    let mut shell = Command::new("bash");
    let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\"");
    shell.args(["-c", &script]).arg(command.get_program());
    shell.args(command.get_args());
    let set = command
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    shell.envs(set);
    command = shell;
    command
}

#[test]
fn the_disk_is_full_under_sqlite() {
    let folder = tempfile::tempdir().expect("folder");
    let url = folder.path().join("abide.db").display().to_string();
    Store::open(&url).expect("open");
    let command = limited(Recorder::command(&url, "one", 0), 1500);
    let (last, failed) = Recorder::spawn(command, "one").last();
    let last = last.expect("it recorded something");
    let failed = failed.expect("it fails in the end");
    assert!(failed.contains("the store failed"), "{failed}");
    whole(&url, &[("one", last)]);
    // There is room again.
    let mut store = Store::open(&url).expect("open");
    let next = scan("one", last + 1);
    store.record(&next, &key(), T0 + HOUR).expect("recorded");
    whole(&url, &[("one", last + 1)]);
}

#[test]
fn the_disk_is_full_under_postgres() {
    // Files of the server may not grow beyond this; those it starts with are smaller.
    let server = Restartable::start(Some(1200));
    let url = server.url("postgres");
    let mut store = Store::open(&url).expect("open");
    let large = |number: i64| {
        let mut scan = scan("one", number);
        // Text that does not shrink, in a column of its own.
        let mut numbers = Numbers(number.unsigned_abs());
        let text: String = (0..20_000)
            .map(|_| char::from(33 + numbers.below(90) as u8))
            .collect();
        scan.summary = json!({"counts": {"fail": text}});
        scan
    };
    let mut last = -1;
    let error = loop {
        match store.record(&large(last + 1), &key(), T0 + HOUR) {
            Ok(_) => last += 1,
            Err(error) => break error,
        }
        assert!(last < 500, "the limit holds");
    };
    assert!(
        error.to_string().contains("could not extend file"),
        "{error}"
    );
    assert!(last > 5, "only {last} recorded");
    whole(&url, &[("one", last)]);
    // The same connection goes on once there is room.
    drop(store);
    server.stop();
    server.resume();
    let mut store = Store::open(&url).expect("open");
    store
        .record(&large(last + 1), &key(), T0 + HOUR)
        .expect("recorded");
    whole(&url, &[("one", last + 1)]);
}
