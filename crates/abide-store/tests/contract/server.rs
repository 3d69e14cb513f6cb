//! A real PostgreSQL in a scratch directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// A server that ends with the process that started it.
pub(crate) struct TestServer {
    port: u16,
}

/// One server for all tests of this process.
pub(crate) fn shared() -> &'static TestServer {
    static SERVER: OnceLock<TestServer> = OnceLock::new();
    SERVER.get_or_init(TestServer::start)
}

fn binaries() -> PathBuf {
    if let Some(folder) = std::env::var_os("ABIDE_POSTGRES_BIN") {
        return folder.into();
    }
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    folders.pop().expect("PostgreSQL is missing: apt-get install postgresql, or set ABIDE_POSTGRES_BIN to the folder with initdb")
}

/// The server refuses to run as root.
fn command(program: &Path) -> Command {
    let root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|out| out.stdout == b"0\n");
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn run(mut command: Command) -> Output {
    let output = command
        .current_dir("/tmp")
        .output()
        .expect("a program of PostgreSQL starts");
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

impl TestServer {
    #[allow(
        clippy::zombie_processes,
        reason = "the watcher outlives this process, to clear up after it"
    )]
    fn start() -> Self {
        let bin = binaries();
        let mut make = command(Path::new("mktemp"));
        make.args(["-d", "-t", "abide-pg.XXXXXXXX"]);
        let folder = String::from_utf8(run(make).stdout)
            .expect("a path")
            .trim()
            .to_owned();
        let mut init = command(&bin.join("initdb"));
        init.args(["-D", &folder, "-U", "abide", "-A", "trust", "--no-sync"]);
        run(init);
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a free port")
            .port();
        // The watcher stops the server and clears up when this process has ended.
        let pid = std::process::id();
        let script = format!(
            "'{bin}/postgres' -D {folder} -p {port} -k {folder} -h 127.0.0.1 -c fsync=off >{folder}/log 2>&1 & server=$!
             while [ -d /proc/{pid} ]; do sleep 0.3; done; kill -INT $server; wait $server; rm -rf {folder}",
            bin = bin.display()
        );
        let mut shell = command(Path::new("bash"));
        shell.args(["-c", &script]).current_dir("/tmp");
        shell
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        shell.spawn().expect("bash starts");
        let server = Self { port };
        for _ in 0..200 {
            if postgres::Client::connect(&server.url("postgres"), postgres::NoTls).is_ok() {
                return server;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("PostgreSQL did not start; see {folder}/log");
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://abide@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of a fresh database.
    pub(crate) fn database(&self, name: &str) -> String {
        let mut client = postgres::Client::connect(&self.url("postgres"), postgres::NoTls)
            .expect("a connection");
        client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .expect("a database");
        self.url(name)
    }
}
