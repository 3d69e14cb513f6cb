//! How calls are made: signed, paged, patient, and silent about credentials.

use std::sync::atomic::{AtomicUsize, Ordering};

use abide_aws::AwsError;
use abide_aws::unmanaged::{Held, Look, Looking, look};

use crate::session;
use crate::stub::Stub;

fn only(stub: &Stub, types: &[&str], more: &[(&str, &str)]) -> Look {
    let session = session(&stub.url, more);
    let types: Vec<String> = types.iter().map(|name| (*name).to_owned()).collect();
    let looking = Looking {
        session: &session,
        account: "111122223333",
        regions: &["eu-west-1".to_owned()],
        types: &types,
        held: &Held::default(),
        jobs: 1,
    };
    look(&looking, &|_| {}).unwrap()
}

fn volumes(ids: &[&str], token: &str) -> String {
    let items = ids
        .iter()
        .map(|id| format!("<item><volumeId>{id}</volumeId></item>"));
    let items: String = items.collect();
    format!("<R><volumeSet>{items}</volumeSet><nextToken>{token}</nextToken></R>")
}

fn ids(look: &Look) -> Vec<&str> {
    look.unmanaged
        .iter()
        .map(|found| found.id.as_str())
        .collect()
}

#[test]
fn all_pages_are_read() {
    let stub = Stub::start(|asked, _| match &asked.body {
        body if body.contains("DescribeInstances") => (200, "<R/>".to_owned()),
        body if body.contains("DescribeAutoScalingGroups") => (200, "<R/>".to_owned()),
        body if body.contains("NextToken=two") => (200, volumes(&["v-3"], "")),
        body if body.contains("NextToken") => (400, "<R/>".to_owned()),
        _ => (200, volumes(&["v-1", "v-2"], "two")),
    });
    let look = only(&stub, &["aws_ebs_volume"], &[]);
    assert_eq!(ids(&look), ["v-1", "v-2", "v-3"]);
    assert!(look.not_looked.is_empty(), "{:?}", look.not_looked);
}

#[test]
fn a_service_that_offers_one_page_for_ever_is_left() {
    let stub = Stub::start(|asked, _| match asked.body.contains("DescribeVolumes") {
        true => (200, volumes(&["v-1"], "again")),
        false => (200, "<R/>".to_owned()),
    });
    let look = only(&stub, &["aws_ebs_volume"], &[]);
    assert_eq!(look.unmanaged, []);
    assert!(
        look.not_looked[0]
            .reason
            .to_string()
            .contains("offered again")
    );
}

#[test]
fn throttled_calls_are_made_again_and_refused_ones_are_not() {
    let before = AtomicUsize::new(0);
    let stub = Stub::start(move |asked, _| {
        match (
        asked.body.contains("DescribeVolumes"),
        before.fetch_add(usize::from(asked.body.contains("DescribeVolumes")), Ordering::Relaxed),
    ) {
        (true, 0) => (503, "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow</Message></Error></Errors></Response>".to_owned()),
        (true, 1) => (500, "oops".to_owned()),
        (true, _) => (200, volumes(&["v-1"], "")),
        (false, _) => (403, "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You may not</Message></Error></Errors></Response>".to_owned()),
    }
    });
    let look = only(&stub, &["aws_ebs_volume", "aws_instance"], &[]);
    assert_eq!(ids(&look), ["v-1"]);
    // What may not be listed is told, and is not empty.
    let [not] = look.not_looked.as_slice() else {
        panic!("{:?}", look.not_looked)
    };
    assert_eq!(not.type_name, "aws_instance");
    assert!(not.reason.is_denied());
    assert_eq!(
        not.reason.to_string(),
        "ec2 DescribeInstances in eu-west-1: UnauthorizedOperation (403): You may not"
    );
    assert!(!look.counts.contains_key("aws_instance"));
    let asked = stub.asked();
    let of = |name: &str| {
        asked
            .iter()
            .filter(|asked| asked.body.contains(name))
            .count()
    };
    assert_eq!((of("DescribeVolumes"), of("DescribeInstances")), (3, 1));
}

#[test]
fn patience_ends() {
    let stub = Stub::start(|_, _| (429, String::new()));
    let look = only(&stub, &["aws_sns_topic"], &[]);
    assert!(matches!(
        look.not_looked[0].reason,
        AwsError::Refused { status: 429, .. }
    ));
    assert_eq!(stub.asked().len(), 6);
}

#[test]
fn answers_that_are_none_are_errors() {
    for text in ["", "<html>", "{\"Topics\": 1}", "<R><Topics></R>"] {
        let stub = Stub::start(move |_, _| (200, text.to_owned()));
        let look = only(&stub, &["aws_sns_topic"], &[]);
        assert!(look.unmanaged.is_empty());
        assert_eq!(
            look.not_looked.len(),
            usize::from(!text.is_empty()),
            "{text}"
        );
    }
}

/// Moto cannot make one by a plain call.
#[test]
fn distributions_are_read_as_published() {
    let stub = Stub::start(|asked, _| {
        let page = |id: &str, next: &str| {
            format!(
                "<?xml version=\"1.0\"?>\n<DistributionList xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Marker></Marker>{next}<MaxItems>100</MaxItems><Quantity>1</Quantity><Items><DistributionSummary><Id>{id}</Id><ARN>arn:aws:cloudfront::111122223333:distribution/{id}</ARN><Status>Deployed</Status></DistributionSummary></Items></DistributionList>"
            )
        };
        match asked.line.contains("Marker=E1") {
            true => (200, page("E2", "")),
            false => (200, page("E1", "<NextMarker>E1</NextMarker>")),
        }
    });
    let look = only(&stub, &["aws_cloudfront_distribution"], &[]);
    assert_eq!(ids(&look), ["E1", "E2"]);
    assert_eq!(look.unmanaged[0].region, None);
}

#[test]
fn nobody_there_is_an_error() {
    let session = session("http://127.0.0.1:9", &[]);
    let error = session.identity().unwrap_err();
    assert!(error.is_passing());
    assert!(
        error.to_string().contains("cannot reach 127.0.0.1"),
        "{error}"
    );
}

#[test]
fn calls_are_signed_for_their_service_and_region() {
    let stub = Stub::start(|_, _| (200, "<R/>".to_owned()));
    let types = [
        "aws_sns_topic",
        "aws_lambda_function",
        "aws_s3_bucket",
        "aws_iam_group",
        "aws_ecr_repository",
    ];
    only(&stub, &types, &[("AWS_SESSION_TOKEN", "a-token")]);
    let asked = stub.asked();
    let signed = asked.iter().map(|asked| {
        let text = asked.header("authorization").unwrap();
        assert!(
            text.starts_with("AWS4-HMAC-SHA256 Credential=AKIATESTTESTTEST/"),
            "{text}"
        );
        assert_eq!(asked.header("x-amz-security-token").unwrap(), "a-token");
        let scope = text
            .split('/')
            .skip(2)
            .take(2)
            .collect::<Vec<_>>()
            .join(" ");
        format!("{} {scope}", asked.line)
    });
    let mut signed: Vec<String> = signed.collect();
    signed.sort();
    assert_eq!(
        signed,
        [
            "GET /2015-03-31/functions/ eu-west-1 lambda",
            "GET /?max-buckets=1000 eu-west-1 s3",
            "POST / eu-west-1 ecr",
            "POST / eu-west-1 sns",
            "POST / us-east-1 iam",
        ]
    );
    let s3 = asked
        .iter()
        .find(|asked| asked.line.contains("max-buckets"))
        .unwrap();
    assert!(s3.header("x-amz-content-sha256").is_some());
}

#[test]
fn one_service_may_have_an_endpoint_of_its_own() {
    let own = Stub::start(|_, _| {
        (
            200,
            "<R><Account>111122223333</Account><Arn>a</Arn></R>".to_owned(),
        )
    });
    let all = Stub::start(|_, _| (500, String::new()));
    let session = session(&all.url, &[("AWS_ENDPOINT_URL_STS", &own.url)]);
    assert_eq!(session.identity().unwrap().account, "111122223333");
    assert!(all.asked().is_empty());
}

#[test]
fn profiles_assume_roles() {
    let sts = Stub::start(|asked, _| {
        match asked.body.contains("Action=AssumeRole&") {
        true => (200, "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>x:y</AssumedRoleId><Arn>arn:aws:sts::222222222222:assumed-role/r/y</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>".to_owned()),
        false => (200, "<R><Account>222222222222</Account><Arn>a</Arn></R>".to_owned()),
    }
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let text = "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = base-secret\n[profile prod]\nrole_arn = arn:aws:iam::222222222222:role/r\nsource_profile = base\nregion = eu-central-1\n";
    std::fs::write(&file, text).unwrap();
    let variables = [
        ("AWS_PROFILE", "prod"),
        ("AWS_CONFIG_FILE", file.to_str().unwrap()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
        ("AWS_ENDPOINT_URL", &sts.url),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let session = abide_aws::Session::new(&variables).unwrap();
    assert_eq!(session.region().unwrap(), "eu-central-1");
    assert_eq!(session.identity().unwrap().account, "222222222222");
    assert_eq!(session.identity().unwrap().account, "222222222222");
    let asked = sts.asked();
    let keys: Vec<String> = asked
        .iter()
        .map(|asked| {
            asked
                .header("authorization")
                .unwrap()
                .split(['=', '/'])
                .nth(1)
                .unwrap()
                .to_owned()
        })
        .collect();
    // The role is assumed once.
    assert_eq!(keys, ["AKIABASE", "ASIAROLE", "ASIAROLE"]);
}

#[test]
fn a_program_gives_credentials_and_nothing_shows_them() {
    let stub = Stub::start(|_, _| {
        (
            403,
            "<R><Error><Code>InvalidClientTokenId</Code><Message>no</Message></Error></R>"
                .to_owned(),
        )
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let json =
        "{\"Version\":1,\"AccessKeyId\":\"AKIAPROGRAM\",\"SecretAccessKey\":\"program-secret\"}";
    let program = folder.path().join("give");
    std::fs::write(&program, json).unwrap();
    std::fs::write(
        &file,
        format!(
            "[default]\ncredential_process = cat {}\n",
            program.display()
        ),
    )
    .unwrap();
    let variables = [
        ("AWS_CONFIG_FILE", file.to_str().unwrap()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
        ("AWS_ENDPOINT_URL", &stub.url),
        ("PATH", "/usr/bin:/bin"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let session = abide_aws::Session::new(&variables).unwrap();
    let error = session.identity().unwrap_err();
    assert!(error.is_denied());
    let key = stub.asked()[0].header("authorization").unwrap();
    assert!(key.contains("Credential=AKIAPROGRAM/"), "{key}");
    let shown = format!("{error} {error:?} {session:?}");
    assert!(
        !shown.contains("PROGRAM") && !shown.contains("program-secret"),
        "{shown}"
    );
}

#[test]
fn without_credentials_it_says_what_to_do() {
    let variables = [
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let session = abide_aws::Session::new(&variables).unwrap();
    assert!(matches!(session.region(), Err(AwsError::NoRegion)));
    let error = session.identity().unwrap_err().to_string();
    assert!(
        error.contains("no AWS credentials") && error.contains("`profile`"),
        "{error}"
    );
}
