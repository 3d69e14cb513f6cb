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

/// Makes a cluster in a folder that the server's user owns.
fn scratch(options: &[&str]) -> String {
    let mut make = command(Path::new("mktemp"));
    make.args(["-d", "-t", "abide-pg.XXXXXXXX"]);
    let folder = String::from_utf8(run(make).stdout).expect("a path");
    let folder = folder.trim().to_owned();
    let mut init = command(&binaries().join("initdb"));
    init.args(["-D", &folder, "-U", "abide", "-A", "trust", "--no-sync"]);
    init.args(options);
    run(init);
    folder
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://abide@127.0.0.1:{port}/{database}")
}

/// Runs a script once this process has ended.
#[allow(
    clippy::zombie_processes,
    reason = "it outlives this process, to clear up after it"
)]
fn watch(script: &str) {
    let pid = std::process::id();
    let script = format!("while [ -d /proc/{pid} ]; do sleep 0.3; done; {script}");
    let mut shell = command(Path::new("bash"));
    shell.args(["-c", &script]).current_dir("/tmp");
    shell
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    shell.spawn().expect("bash starts");
}

impl TestServer {
    fn start() -> Self {
        let bin = binaries();
        let folder = scratch(&[]);
        let port = free_port();
        let mut shell = command(Path::new("bash"));
        let script = format!(
            "'{bin}/pg_ctl' -D {folder} start -s -l {folder}/log -o '-p {port} -k {folder} -h 127.0.0.1 -c fsync=off' >/dev/null 2>&1 </dev/null",
            bin = bin.display()
        );
        shell.args(["-c", &script]);
        watch(&format!(
            "'{}/pg_ctl' -D {folder} stop -m fast; rm -rf {folder}",
            bin.display()
        ));
        run(shell);
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
        url(self.port, database)
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

/// A server of one test that can be stopped at once and started again.
pub(crate) struct Restartable {
    folder: String,
    port: u16,
}

impl Restartable {
    /// Starts one; its files stay below `limit` kilobytes until it is started again.
    pub(crate) fn start(limit: Option<u32>) -> Self {
        let folder = scratch(&["--wal-segsize=1"]);
        let server = Self {
            folder,
            port: free_port(),
        };
        watch(&format!(
            "{} stop -m immediate; rm -rf {}",
            server.control(),
            server.folder
        ));
        server.launch(limit);
        server
    }

    fn control(&self) -> String {
        format!("'{}/pg_ctl' -D {}", binaries().display(), self.folder)
    }

    fn launch(&self, limit: Option<u32>) {
        let limit = limit.map_or(String::new(), |kilobytes| format!("ulimit -f {kilobytes};"));
        let options = format!(
            "-p {} -k {} -h 127.0.0.1 -c fsync=off",
            self.port, self.folder
        );
        let script = format!(
            "{limit} {} start -w -s -l {}/log -o '{options}' >/dev/null 2>&1 </dev/null",
            self.control(),
            self.folder
        );
        let mut shell = command(Path::new("bash"));
        shell.args(["-c", &script]);
        run(shell);
    }

    /// Stops it without finishing anything.
    pub(crate) fn stop(&self) {
        let script = format!("{} stop -m immediate -s", self.control());
        let mut shell = command(Path::new("bash"));
        shell.args(["-c", &script]);
        run(shell);
    }

    /// Starts it again, without limits.
    pub(crate) fn resume(&self) {
        self.launch(None);
    }

    pub(crate) fn url(&self, database: &str) -> String {
        url(self.port, database)
    }

    /// Starts it again with a certificate, and takes only encrypted connections.
    pub(crate) fn encrypt(&self, certificate: &str, key: &str) {
        self.stop();
        let mut files = vec![("server.crt", certificate), ("server.key", key)];
        files.push(("pg_hba.conf", "hostssl all all all trust\n"));
        for (name, text) in files {
            // Files must be the server's own.
            let mut shell = command(Path::new("bash"));
            let script = format!(
                "umask 077; rm -f {0}/{name}; printf %s \"$TEXT\" >{0}/{name}",
                self.folder
            );
            shell.args(["-c", &script]).env("TEXT", text);
            run(shell);
        }
        let mut shell = command(Path::new("bash"));
        let script = format!("echo ssl=on >>{}/postgresql.conf", self.folder);
        shell.args(["-c", &script]);
        run(shell);
        self.resume();
    }
}
