//! What can go wrong when AWS is asked.

/// Why a call gave nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AwsError {
    /// No credentials, or they cannot be had.
    #[error("no AWS credentials: {0}; set `profile` of the target or AWS_* in the environment")]
    Credentials(String),
    /// No region is known.
    #[error(
        "no AWS region: set AWS_REGION in `environment` of the target, `region` in its profile, or --region"
    )]
    NoRegion,
    /// AWS refused.
    #[error("{call} in {region}: {code} ({status}): {message}")]
    Refused {
        /// Service and operation.
        call: String,
        /// Where.
        region: String,
        /// HTTP status.
        status: u16,
        /// The error's code.
        code: String,
        /// What it said.
        message: String,
    },
    /// Nobody answered.
    #[error("{call} in {region}: cannot reach {host}: {reason}")]
    Unreachable {
        /// Service and operation.
        call: String,
        /// Where.
        region: String,
        /// The host that was asked.
        host: String,
        /// Why not.
        reason: String,
    },
    /// The answer is not what AWS publishes.
    #[error("{call} in {region}: the answer cannot be read: {reason}")]
    Unreadable {
        /// Service and operation.
        call: String,
        /// Where.
        region: String,
        /// What is wrong.
        reason: String,
    },
    /// A table of this crate, or a call it makes, is wrong.
    #[error("{0}")]
    Table(String),
}

impl AwsError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, code, .. } => {
                *status == 429 || *status >= 500 || THROTTLED.contains(&code.as_str())
            }
            _ => false,
        }
    }

    /// Whether the caller may not ask that.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Refused { status: 401 | 403, code, .. } if !THROTTLED.contains(&code.as_str()))
            || matches!(self, Self::Refused { code, .. } if code.starts_with("AccessDenied") || code.starts_with("UnauthorizedOperation"))
    }

    /// Whether what was asked for does not exist.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        match self {
            Self::Refused { status, code, .. } => {
                *status == 404 || code.contains("NotFound") || code.starts_with("NoSuch")
            }
            _ => false,
        }
    }
}

/// Codes that ask for patience.
const THROTTLED: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "SlowDown",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
];
