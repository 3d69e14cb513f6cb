//! Keys, checkpoints and proofs: C2SP `signed-note`, `tlog-checkpoint` and `tlog-proof`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey, Verifier, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::tree::{Hash, sha256};

/// The type byte of Ed25519 in signed notes.
const ED25519: u8 = 1;

/// What is wrong with a note, key or proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The text has not the form.
    #[error("not a {what}: {problem}")]
    Form {
        /// `checkpoint`, `key` or `proof`.
        what: &'static str,
        /// What is missing.
        problem: &'static str,
    },
    /// No line is signed by the key.
    #[error(
        "the checkpoint is not signed by {key}: compare the key with the one handed over earlier"
    )]
    Signature {
        /// Name of the key, with its short id.
        key: String,
    },
}

fn form(what: &'static str, problem: &'static str) -> NoteError {
    NoteError::Form { what, problem }
}

/// The public half of a key, with the log's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    key: VerifyingKey,
}

impl PublicKey {
    /// Reads `name+hash+base64`.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(form("key", "expected name+hash+key"));
        };
        let data = STANDARD
            .decode(data)
            .map_err(|_| form("key", "its third part is no base64"))?;
        let Some((&ED25519, bytes)) = data.split_first() else {
            return Err(form("key", "expected an Ed25519 key (type 1)"));
        };
        let bytes: [u8; 32] = bytes
            .try_into()
            .map_err(|_| form("key", "expected 32 bytes of key"))?;
        let key = VerifyingKey::from_bytes(&bytes)
            .map_err(|_| form("key", "these bytes are no point of Ed25519"))?;
        let public = Self {
            name: name.to_owned(),
            key,
        };
        if id != hex(&public.id()) {
            return Err(form("key", "its short hash does not fit"));
        }
        Ok(public)
    }

    /// The first four bytes of the hash of name and key.
    fn id(&self) -> [u8; 4] {
        let mut bytes = self.name.clone().into_bytes();
        bytes.extend([b'\n', ED25519]);
        bytes.extend(self.key.as_bytes());
        let hash = sha256(&bytes);
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// The log it signs for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The 32 bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether this is its signature over the message.
    #[must_use]
    pub fn accepts(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.key.verify(message, &signature).is_ok()
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut data = vec![ED25519];
        data.extend(self.key.as_bytes());
        write!(
            f,
            "{}+{}+{}",
            self.name,
            hex(&self.id()),
            STANDARD.encode(data)
        )
    }
}

/// The secret half; its `Debug` shows the public one.
#[derive(Clone)]
pub struct SecretKey {
    public: PublicKey,
    key: SigningKey,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey of {}", self.public)
    }
}

impl SecretKey {
    /// A key from 32 random bytes.
    #[must_use]
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        // A note's key name holds neither spaces nor `+`.
        let name = name
            .chars()
            .map(|c| {
                if c.is_whitespace() || c == '+' {
                    '-'
                } else {
                    c
                }
            })
            .collect();
        let public = PublicKey {
            name,
            key: key.verifying_key(),
        };
        Self { public, key }
    }

    /// A key from the base64 text of its 32 bytes.
    pub fn parse(name: &str, text: &str) -> Result<Self, NoteError> {
        let bytes = STANDARD
            .decode(text.trim())
            .map_err(|_| form("key", "expected base64 of 32 bytes"))?;
        let seed: [u8; 32] = bytes
            .try_into()
            .map_err(|_| form("key", "expected base64 of 32 bytes"))?;
        Ok(Self::from_seed(name, &seed))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A key for another purpose: whoever knows it learns nothing of this one, and nobody can
    /// make it without this one.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        // HMAC takes keys of any length.
        let mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes());
        let mac = mac.map(|mac| mac.chain_update(purpose).finalize().into_bytes().into());
        mac.unwrap_or_default()
    }

    /// Signs bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

/// What a log held at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    fn body(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            STANDARD.encode(self.root)
        )
    }

    /// The signed note.
    #[must_use]
    pub fn sign(&self, key: &SecretKey) -> String {
        let body = self.body();
        let mut data = key.public.id().to_vec();
        data.extend(key.sign(body.as_bytes()));
        format!(
            "{body}\n\u{2014} {} {}\n",
            key.public.name,
            STANDARD.encode(data)
        )
    }

    /// Reads a note without looking at its signatures.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        let (body, _) = note
            .split_once("\n\n")
            .ok_or_else(|| form("checkpoint", "no empty line before the signatures"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(form("checkpoint", "expected origin, size and root"));
        };
        let size = size
            .parse()
            .map_err(|_| form("checkpoint", "its second line is no number"))?;
        let root = decode_hash(root)
            .ok_or_else(|| form("checkpoint", "its third line is no base64 of a SHA-256"))?;
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
        })
    }

    /// Reads a note that must be signed by the key.
    pub fn open(note: &str, key: &PublicKey) -> Result<Self, NoteError> {
        let checkpoint = Self::parse(note)?;
        let (body, signatures) = note.split_once("\n\n").unwrap_or_default();
        let message = format!("{body}\n");
        let signed = signatures.lines().any(|line| {
            let mut words = line.split(' ');
            words.next() == Some("\u{2014}")
                && words.next() == Some(&key.name)
                && words
                    .next()
                    .and_then(|data| STANDARD.decode(data).ok())
                    .and_then(|data| <[u8; 68]>::try_from(data).ok())
                    .is_some_and(|data| {
                        let (id, signature) = data.split_at(4);
                        id == key.id()
                            && <&[u8; 64]>::try_from(signature)
                                .is_ok_and(|s| key.accepts(message.as_bytes(), s))
                    })
        });
        if !signed {
            return Err(NoteError::Signature {
                key: format!("{}+{}", key.name, hex(&key.id())),
            });
        }
        Ok(checkpoint)
    }
}

/// A `.tlog-proof`: position, path and the checkpoint it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Position of the entry.
    pub index: u64,
    /// Hashes from the leaf upwards.
    pub path: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

impl Proof {
    const HEAD: &'static str = "c2sp.org/tlog-proof@v1";

    /// Reads the file.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or_else(|| form("proof", "no empty line before the checkpoint"))?;
        let mut lines = head.lines();
        if lines.next() != Some(Self::HEAD) {
            return Err(form("proof", "expected c2sp.org/tlog-proof@v1"));
        }
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| form("proof", "expected a line `index N`"))?;
        let path = lines
            .map(decode_hash)
            .collect::<Option<_>>()
            .ok_or_else(|| form("proof", "a line is no base64 of a SHA-256"))?;
        Ok(Self {
            index,
            path,
            checkpoint: checkpoint.to_owned(),
        })
    }
}

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}\nindex {}", Self::HEAD, self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", STANDARD.encode(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

fn decode_hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_opens_with_its_key_only() {
        let key = SecretKey::from_seed("abide/acme", &[7; 32]);
        let other = SecretKey::from_seed("abide/acme", &[8; 32]);
        let checkpoint = Checkpoint {
            origin: "abide/acme".to_owned(),
            size: 3,
            root: sha256(b"x"),
        };
        let note = checkpoint.sign(&key);
        assert_eq!(Checkpoint::open(&note, key.public()), Ok(checkpoint));
        assert!(Checkpoint::open(&note, other.public()).is_err());
        assert!(Checkpoint::open(&note.replace("\n3\n", "\n4\n"), key.public()).is_err());
        let text = key.public().to_string();
        assert_eq!(PublicKey::parse(&text).as_ref(), Ok(key.public()));
    }

    #[test]
    fn proofs_read_back() {
        let proof = Proof {
            index: 5,
            path: vec![sha256(b"a"), sha256(b"b")],
            checkpoint: "o\n6\nx\n\n\u{2014} o y\n".to_owned(),
        };
        assert_eq!(Proof::parse(&proof.to_string()), Ok(proof));
        assert!(Proof::parse("c2sp.org/tlog-proof@v1\nindex x\n\n").is_err());
    }
}
