//! The real terraform and AWS provider, and a fake AWS (`scripts/real_aws.py`).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::command::{Ran, abide, repository};

/// A fake AWS of its own; it ends with this.
pub(crate) struct RealAws {
    server: Child,
    url: String,
    terraform: String,
    cli_config: String,
}

/// Credentials of one account.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) id: String,
    secret: String,
    token: String,
}

impl RealAws {
    pub(crate) fn start() -> Self {
        let mut server = Command::new("python3")
            .arg(repository().join("scripts/real_aws.py"))
            .arg("serve")
            // Else the account owns the snapshots of public images.
            .env("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is missing");
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let about: Value = serde_json::from_str(&line).expect(
            "the fake AWS did not start (see above): scripts/real_aws.py check says what is missing",
        );
        let text = |name: &str| about[name].as_str().unwrap().to_owned();
        Self {
            server,
            url: text("url"),
            terraform: text("terraform"),
            cli_config: text("cli_config"),
        }
    }

    /// Credentials of a role in the account; the account comes to be by that.
    pub(crate) fn account(&self, account: &str) -> Keys {
        let form = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::{account}:role/deploy&RoleSessionName=test"
        );
        let answer = self.send("POST", "/", &signed("mock", "us-east-1", "sts"), &form);
        let between = |tag: &str| {
            let (_, rest) = answer.split_once(&format!("<{tag}>")).unwrap();
            rest.split_once('<').unwrap().0.to_owned()
        };
        Keys {
            id: between("AccessKeyId"),
            secret: between("SecretAccessKey"),
            token: between("SessionToken"),
        }
    }

    /// A call of the query API of EC2.
    pub(crate) fn ec2(&self, keys: &Keys, parameters: &[(&str, &str)]) -> String {
        let mut form = "Version=2016-11-15".to_owned();
        for (name, value) in parameters {
            form.push_str(&format!("&{name}={}", value.replace('/', "%2F")));
        }
        self.send("POST", "/", &signed(&keys.id, "eu-west-1", "ec2"), &form)
    }

    /// A call of the query API of IAM.
    pub(crate) fn iam(&self, keys: &Keys, action: &str, user: &str) {
        let form = format!("Version=2010-05-08&Action={action}&UserName={user}");
        self.send("POST", "/", &signed(&keys.id, "us-east-1", "iam"), &form);
    }

    /// A call of S3.
    pub(crate) fn s3(&self, keys: &Keys, method: &str, path: &str, body: &str) -> String {
        let headers = signed(&keys.id, "eu-west-1", "s3");
        // A form would be read as parameters.
        let headers = headers.replace("application/x-www-form-urlencoded", "text/plain");
        self.send(method, path, &headers, body)
    }

    /// A call of KMS.
    pub(crate) fn kms(&self, keys: &Keys, operation: &str, body: &str) -> String {
        let mut headers = signed(&keys.id, "eu-west-1", "kms");
        headers.push_str(&format!("X-Amz-Target: TrentService.{operation}\r\n"));
        headers = headers.replace("x-www-form-urlencoded", "x-amz-json-1.1");
        self.send("POST", "/", &headers, body)
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let host = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let code = answer.split(' ').nth(1).unwrap_or_default();
        assert!(code.starts_with('2'), "{method} {path} {body}: {answer}");
        answer
    }

    /// What terraform needs to reach the fake AWS, as lines of an environment.
    pub(crate) fn environment(&self, keys: &Keys) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ACCESS_KEY_ID", keys.id.clone()),
            ("AWS_SECRET_ACCESS_KEY", keys.secret.clone()),
            ("AWS_SESSION_TOKEN", keys.token.clone()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("TF_CLI_CONFIG_FILE", self.cli_config.clone()),
        ]
    }

    /// Terraform's settings.
    pub(crate) fn settings(&self) -> String {
        std::fs::read_to_string(&self.cli_config).unwrap()
    }

    /// The same as `environment` of a target.
    pub(crate) fn table(&self, keys: &Keys, changed: &[(&str, &str)]) -> String {
        let mut all = self.environment(keys);
        for (name, value) in all.iter_mut() {
            if let Some((_, other)) = changed.iter().find(|(changed, _)| changed == name) {
                *value = (*other).to_owned();
            }
        }
        let pairs: Vec<String> = all
            .iter()
            .map(|(name, value)| format!("{name} = \"{value}\""))
            .collect();
        format!("{{ {} }}", pairs.join(", "))
    }

    /// Runs terraform by hand, as engineers do, with the data folder that `abide` uses for a target.
    pub(crate) fn terraform(&self, directory: &Path, keys: &Keys, arguments: &[&str]) -> Output {
        Command::new(&self.terraform)
            .args(arguments)
            .current_dir(directory)
            .envs(self.environment(keys))
            .env_remove("AWS_PROFILE")
            .env("CHECKPOINT_DISABLE", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// The same, where it has to succeed.
    pub(crate) fn terraform_ok(&self, directory: &Path, keys: &Keys, arguments: &[&str]) {
        let done = self.terraform(directory, keys, arguments);
        assert!(
            done.status.success(),
            "terraform {arguments:?}: {}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
    }
}

impl Drop for RealAws {
    fn drop(&mut self) {
        // It ends when its standard input does.
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}

fn signed(id: &str, region: &str, service: &str) -> String {
    format!(
        "Authorization: AWS4-HMAC-SHA256 Credential={id}/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n"
    )
}

/// Runs `abide` without the variables of whoever runs the tests.
pub(crate) fn run_clean(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = abide();
    for (name, _) in std::env::vars() {
        if name.starts_with("AWS_") || name.starts_with("TF_") {
            command.env_remove(name);
        }
    }
    let output = command.current_dir(folder).args(arguments).output();
    output.unwrap().into()
}
