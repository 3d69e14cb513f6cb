//! The fake AWS, and calls that make things there.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A fake AWS of its own; it ends with this.
pub(crate) struct Moto {
    server: Child,
    pub(crate) url: String,
}

impl Moto {
    pub(crate) fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/real_aws.py");
        let mut server = Command::new("python3")
            .args([script, "serve"])
            // Else the account owns the snapshots of public images.
            .env("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = server.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let about: Value =
            serde_json::from_str(&line).expect("scripts/real_aws.py serve says where moto is");
        Self {
            server,
            url: about["url"].as_str().unwrap().to_owned(),
        }
    }

    fn send(
        &self,
        service: &str,
        region: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> String {
        let scope = format!(
            "Credential=mock/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("Authorization", format!("AWS4-HMAC-SHA256 {scope}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let agent = ureq::Agent::new_with_config(
            ureq::Agent::config_builder()
                .http_status_as_error(false)
                .build(),
        );
        let mut answer = agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert!(
            answer.status().is_success(),
            "{service} {path} {body}: {text}"
        );
        text
    }

    /// A call by a form; gives the text of an element of the answer.
    pub(crate) fn form(
        &self,
        service: &str,
        region: &str,
        version: &str,
        fields: &[(&str, &str)],
        wanted: &str,
    ) -> String {
        let mut body = format!("Version={version}");
        for (name, value) in fields {
            let value =
                percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            body.push_str(&format!("&{name}={value}"));
        }
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        let text = self.send(service, region, "POST", "/", &kind, &body);
        let after = text.split(&format!("<{wanted}>")).nth(1);
        after
            .and_then(|rest| rest.split('<').next())
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) fn ec2(
        &self,
        region: &str,
        action: &str,
        fields: &[(&str, &str)],
        wanted: &str,
    ) -> String {
        let mut all = vec![("Action", action)];
        all.extend(fields);
        self.form("ec2", region, "2016-11-15", &all, wanted)
    }

    pub(crate) fn json(&self, service: &str, region: &str, target: &str, body: &Value) -> Value {
        let headers = [
            ("X-Amz-Target", target),
            ("Content-Type", "application/x-amz-json-1.1"),
        ];
        let text = self.send(service, region, "POST", "/", &headers, &body.to_string());
        serde_json::from_str(&text).unwrap_or(json!(null))
    }

    pub(crate) fn rest(
        &self,
        service: &str,
        region: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> String {
        self.send(
            service,
            region,
            method,
            path,
            &[("Content-Type", "application/json")],
            body,
        )
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // The script ends moto when its input closes.
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}
