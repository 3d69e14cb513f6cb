//! What an approver says yes to, in one number.

use sha2::{Digest, Sha256};

use super::Exception;

impl Exception {
    /// A digest of what an approver says yes to. An approval with another digest is one of
    /// something else.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut field = |text: &str| {
            // The length keeps `ab`+`c` apart from `a`+`bc`.
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        field("abide/exception/v1");
        for text in [&self.id, &self.policy, &self.resource, &self.reason] {
            field(text);
        }
        field(self.category.as_str());
        field(&self.expires.map(|end| end.to_string()).unwrap_or_default());
        field(&self.not_before.map(|at| at.to_string()).unwrap_or_default());
        field(self.renews.as_deref().unwrap_or_default());
        field(if self.break_glass { "break-glass" } else { "" });
        field(self.requester.as_ref().map_or("", |act| &act.name));
        let control = self.control.clone().unwrap_or_default();
        field(control.policy.as_deref().unwrap_or_default());
        field(control.description.as_deref().unwrap_or_default());
        match &self.facts {
            None => field("any facts"),
            Some(facts) => {
                let mut lines: Vec<String> = facts
                    .iter()
                    .map(|fact| {
                        // Names in their order, each with its length: `a=b c=d` is not `a="b c=d"`.
                        let pairs = fact.0.iter();
                        pairs
                            .map(|(name, value)| {
                                format!("{}:{name}{}:{value}", name.len(), value.len())
                            })
                            .collect()
                    })
                    .collect();
                lines.sort_unstable();
                lines.iter().for_each(|line| field(line));
            }
        }
        let digest = hash.finalize();
        digest[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}
