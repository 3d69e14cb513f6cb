//! A whole account in moto: one of everything, and exactly that is found.

use std::collections::BTreeSet;

use abide_aws::unmanaged::{Companions, Held, Imports, Look, Looking, companions, kinds, look};
use serde_json::json;

use crate::moto::Moto;
use crate::session;

const HERE: &str = "eu-west-1";
const ACCOUNT: &str = "123456789012";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

/// What was made: type and id.
#[derive(Default)]
struct Made(BTreeSet<(String, String)>);

impl Made {
    fn add(&mut self, type_name: &str, id: impl Into<String>) {
        self.0.insert((type_name.to_owned(), id.into()));
    }
}

fn compute(moto: &Moto, made: &mut Made) -> (String, String) {
    let vpc = moto.ec2(HERE, "CreateVpc", &[("CidrBlock", "10.9.0.0/16")], "vpcId");
    let group = moto.ec2(
        HERE,
        "CreateSecurityGroup",
        &[
            ("GroupName", "open"),
            ("GroupDescription", "x"),
            ("VpcId", &vpc),
        ],
        "groupId",
    );
    moto.ec2(
        HERE,
        "AuthorizeSecurityGroupIngress",
        &[
            ("GroupId", &group),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", "22"),
            ("IpPermissions.1.ToPort", "22"),
            ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ],
        "return",
    );
    let subnet = moto.ec2(
        HERE,
        "CreateSubnet",
        &[("VpcId", &vpc), ("CidrBlock", "10.9.1.0/24")],
        "subnetId",
    );
    let instance = moto.ec2(
        HERE,
        "RunInstances",
        &[
            ("ImageId", "ami-12345678"),
            ("MinCount", "1"),
            ("MaxCount", "1"),
            ("SubnetId", &subnet),
        ],
        "instanceId",
    );
    let own = moto.ec2(
        HERE,
        "CreateImage",
        &[("InstanceId", &instance), ("Name", "golden")],
        "imageId",
    );
    let volume = moto.ec2(
        HERE,
        "CreateVolume",
        &[("Size", "1"), ("AvailabilityZone", "eu-west-1a")],
        "volumeId",
    );
    let snapshot = moto.ec2(
        HERE,
        "CreateSnapshot",
        &[("VolumeId", &volume)],
        "snapshotId",
    );
    let far = moto.ec2(
        "us-west-2",
        "CreateVolume",
        &[("Size", "1"), ("AvailabilityZone", "us-west-2a")],
        "volumeId",
    );
    moto.ec2(
        "ap-south-1",
        "CreateVolume",
        &[("Size", "1"), ("AvailabilityZone", "ap-south-1a")],
        "volumeId",
    );
    made.add("aws_vpc", &vpc);
    made.add("aws_security_group", &group);
    made.add("aws_instance", &instance);
    made.add("aws_ami", own);
    made.add("aws_ebs_volume", volume);
    made.add("aws_ebs_volume", far);
    made.add("aws_ebs_snapshot", snapshot);
    let balancer = moto.form(
        "elasticloadbalancing",
        HERE,
        "2015-12-01",
        &[
            ("Action", "CreateLoadBalancer"),
            ("Name", "front"),
            ("Subnets.member.1", &subnet),
            ("SecurityGroups.member.1", &group),
        ],
        "LoadBalancerArn",
    );
    made.add("aws_lb", balancer);
    moto.form(
        "elasticloadbalancing",
        HERE,
        "2012-06-01",
        &[
            ("Action", "CreateLoadBalancer"),
            ("LoadBalancerName", "old"),
            ("Listeners.member.1.Protocol", "HTTP"),
            ("Listeners.member.1.LoadBalancerPort", "80"),
            ("Listeners.member.1.InstancePort", "80"),
            ("AvailabilityZones.member.1", "eu-west-1a"),
        ],
        "DNSName",
    );
    made.add("aws_elb", "old");
    (group, instance)
}

fn data(moto: &Moto, made: &mut Made) {
    moto.rest("s3", HERE, "PUT", "/by-hand", "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>");
    moto.rest("s3", HERE, "PUT", "/by-hand?publicAccessBlock", "<PublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls></PublicAccessBlockConfiguration>");
    moto.rest(
        "s3",
        HERE,
        "PUT",
        "/by-hand?versioning",
        "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    );
    made.add("aws_s3_bucket", "by-hand");
    let rds = |fields: &[(&str, &str)]| moto.form("rds", HERE, "2014-10-31", fields, "x");
    rds(&[
        ("Action", "CreateDBInstance"),
        ("DBInstanceIdentifier", "pg"),
        ("DBInstanceClass", "db.t3.micro"),
        ("Engine", "postgres"),
        ("MasterUsername", "u"),
        ("MasterUserPassword", "password1"),
        ("AllocatedStorage", "20"),
    ]);
    rds(&[
        ("Action", "CreateDBSnapshot"),
        ("DBInstanceIdentifier", "pg"),
        ("DBSnapshotIdentifier", "pg-copy"),
    ]);
    rds(&[
        ("Action", "CreateDBCluster"),
        ("DBClusterIdentifier", "au"),
        ("Engine", "aurora-postgresql"),
        ("MasterUsername", "u"),
        ("MasterUserPassword", "password1"),
    ]);
    rds(&[
        ("Action", "CreateDBInstance"),
        ("DBInstanceIdentifier", "au-1"),
        ("DBClusterIdentifier", "au"),
        ("DBInstanceClass", "db.r5.large"),
        ("Engine", "aurora-postgresql"),
    ]);
    rds(&[
        ("Action", "CreateDBClusterSnapshot"),
        ("DBClusterIdentifier", "au"),
        ("DBClusterSnapshotIdentifier", "au-copy"),
    ]);
    made.add("aws_db_instance", "pg");
    made.add("aws_db_snapshot", "pg-copy");
    made.add("aws_rds_cluster", "au");
    made.add("aws_db_cluster_snapshot", "au-copy");
    moto.json("dynamodb", HERE, "DynamoDB_20120810.CreateTable", &json!({"TableName": "items", "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}));
    made.add("aws_dynamodb_table", "items");
    moto.form(
        "redshift",
        HERE,
        "2012-12-01",
        &[
            ("Action", "CreateCluster"),
            ("ClusterIdentifier", "wh"),
            ("NodeType", "ra3.large"),
            ("MasterUsername", "u"),
            ("MasterUserPassword", "Password1"),
        ],
        "x",
    );
    made.add("aws_redshift_cluster", "wh");
    moto.form(
        "elasticache",
        HERE,
        "2015-02-02",
        &[
            ("Action", "CreateCacheCluster"),
            ("CacheClusterId", "mem"),
            ("Engine", "memcached"),
            ("NumCacheNodes", "1"),
            ("CacheNodeType", "cache.t3.micro"),
        ],
        "x",
    );
    made.add("aws_elasticache_cluster", "mem");
    let files = moto.rest(
        "elasticfilesystem",
        HERE,
        "POST",
        "/2015-02-01/file-systems",
        r#"{"CreationToken": "t"}"#,
    );
    let files: serde_json::Value = serde_json::from_str(&files).unwrap();
    made.add(
        "aws_efs_file_system",
        files["FileSystemId"].as_str().unwrap(),
    );
    moto.rest(
        "es",
        HERE,
        "POST",
        "/2021-01-01/opensearch/domain",
        r#"{"DomainName": "search"}"#,
    );
    made.add("aws_opensearch_domain", "search");
}

fn identities(moto: &Moto, made: &mut Made) {
    let iam = |fields: &[(&str, &str)], wanted: &str| {
        moto.form("iam", "us-east-1", "2010-05-08", fields, wanted)
    };
    iam(&[("Action", "CreateUser"), ("UserName", "eve")], "x");
    let key = iam(
        &[("Action", "CreateAccessKey"), ("UserName", "eve")],
        "AccessKeyId",
    );
    iam(
        &[
            ("Action", "PutUserPolicy"),
            ("UserName", "eve"),
            ("PolicyName", "all"),
            ("PolicyDocument", ALLOW),
        ],
        "x",
    );
    iam(
        &[
            ("Action", "CreateRole"),
            ("RoleName", "backdoor"),
            ("AssumeRolePolicyDocument", TRUST),
        ],
        "x",
    );
    iam(
        &[
            ("Action", "CreateServiceLinkedRole"),
            ("AWSServiceName", "autoscaling.amazonaws.com"),
        ],
        "x",
    );
    iam(&[("Action", "CreateGroup"), ("GroupName", "admins")], "x");
    let policy = iam(
        &[
            ("Action", "CreatePolicy"),
            ("PolicyName", "wide"),
            ("PolicyDocument", ALLOW),
        ],
        "Arn",
    );
    iam(
        &[
            ("Action", "AttachUserPolicy"),
            ("UserName", "eve"),
            ("PolicyArn", &policy),
        ],
        "x",
    );
    made.add("aws_iam_user", "eve");
    made.add("aws_iam_access_key", key);
    made.add("aws_iam_role", "backdoor");
    made.add("aws_iam_group", "admins");
    made.add("aws_iam_policy", policy);
    let kms = moto.json("kms", HERE, "TrentService.CreateKey", &json!({}));
    made.add("aws_kms_key", kms["KeyMetadata"]["KeyId"].as_str().unwrap());
    let dead = moto.json("kms", HERE, "TrentService.CreateKey", &json!({}));
    let dead = dead["KeyMetadata"]["KeyId"].as_str().unwrap();
    moto.json(
        "kms",
        HERE,
        "TrentService.ScheduleKeyDeletion",
        &json!({"KeyId": dead, "PendingWindowInDays": 7}),
    );
    let secret = moto.json(
        "secretsmanager",
        HERE,
        "secretsmanager.CreateSecret",
        &json!({"Name": "token", "SecretString": "s"}),
    );
    made.add("aws_secretsmanager_secret", secret["ARN"].as_str().unwrap());
}

fn services(moto: &Moto, made: &mut Made) {
    let trail = moto.json(
        "cloudtrail",
        HERE,
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.CreateTrail",
        &json!({"Name": "audit", "S3BucketName": "by-hand"}),
    );
    made.add("aws_cloudtrail", trail["TrailARN"].as_str().unwrap());
    moto.rest("lambda", HERE, "POST", "/2015-03-31/functions", &json!({"FunctionName": "job", "Runtime": "python3.12", "Role": format!("arn:aws:iam::{ACCOUNT}:role/backdoor"), "Handler": "a.b", "Code": {"ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}}).to_string());
    made.add("aws_lambda_function", "job");
    let queue = moto.json(
        "sqs",
        HERE,
        "AmazonSQS.CreateQueue",
        &json!({"QueueName": "work"}),
    );
    made.add("aws_sqs_queue", queue["QueueUrl"].as_str().unwrap());
    let topic = moto.form(
        "sns",
        HERE,
        "2010-03-31",
        &[("Action", "CreateTopic"), ("Name", "alerts")],
        "TopicArn",
    );
    made.add("aws_sns_topic", topic);
    moto.json(
        "ecr",
        HERE,
        "AmazonEC2ContainerRegistry_V20150921.CreateRepository",
        &json!({"repositoryName": "team/app"}),
    );
    made.add("aws_ecr_repository", "team/app");
    moto.rest("eks", HERE, "POST", "/clusters", &json!({"name": "k8s", "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/backdoor"), "resourcesVpcConfig": {"subnetIds": [], "securityGroupIds": []}}).to_string());
    made.add("aws_eks_cluster", "k8s");
    for name in ["app", "/aws/lambda/job", "/aws/lambda/gone"] {
        moto.json(
            "logs",
            HERE,
            "Logs_20140328.CreateLogGroup",
            &json!({"logGroupName": name}),
        );
    }
    made.add("aws_cloudwatch_log_group", "app");
    // Its function is gone: nobody looks after it.
    made.add("aws_cloudwatch_log_group", "/aws/lambda/gone");
    moto.json(
        "events",
        HERE,
        "AWSEvents.CreateEventBus",
        &json!({"Name": "orders"}),
    );
    made.add("aws_cloudwatch_event_bus", "orders");
    let api = moto.rest(
        "apigateway",
        HERE,
        "POST",
        "/restapis",
        r#"{"name": "front"}"#,
    );
    let api: serde_json::Value = serde_json::from_str(&api).unwrap();
    made.add("aws_api_gateway_rest_api", api["id"].as_str().unwrap());
    let api = moto.rest(
        "apigateway",
        HERE,
        "POST",
        "/v2/apis",
        r#"{"name": "front", "protocolType": "HTTP"}"#,
    );
    let api: serde_json::Value = serde_json::from_str(&api).unwrap();
    made.add("aws_apigatewayv2_api", api["apiId"].as_str().unwrap());
}

fn all(moto: &Moto, held: &Held, types: &[&str]) -> Look {
    let session = session(&moto.url, &[]);
    let types: Vec<String> = types.iter().map(|name| (*name).to_owned()).collect();
    let looking = Looking {
        session: &session,
        account: ACCOUNT,
        regions: &[HERE.to_owned(), "us-west-2".to_owned()],
        types: &types,
        held,
        jobs: 4,
    };
    look(&looking, &|_| {}).unwrap()
}

fn found(look: &Look) -> BTreeSet<(String, String)> {
    let found = look.unmanaged.iter();
    found
        .map(|found| (found.type_name.clone(), found.id.clone()))
        .collect()
}

#[test]
fn one_of_everything_is_found_and_nothing_else() {
    let moto = Moto::start();
    let mut made = Made::default();
    let empty = all(&moto, &Held::default(), &[]);
    assert_eq!(found(&empty), BTreeSet::new(), "{:?}", empty.not_looked);
    assert!(empty.own.iter().any(|(name, ..)| name == "aws_vpc"));
    let (group, instance) = compute(&moto, &mut made);
    data(&moto, &mut made);
    identities(&moto, &mut made);
    services(&moto, &mut made);

    let look = all(&moto, &Held::default(), &[]);
    let not: Vec<String> = look
        .not_looked
        .iter()
        .map(|not| not.reason.to_string())
        .collect();
    assert_eq!(not, Vec::<String>::new());
    let was_found = found(&look);
    let missing: Vec<_> = made.0.difference(&was_found).collect();
    let more: Vec<_> = was_found.difference(&made.0).collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "missing {missing:?}, too many {more:?}"
    );

    // What belongs to something is told with it.
    let machine = look
        .unmanaged
        .iter()
        .find(|found| found.id == instance)
        .unwrap();
    let kinds_of = machine.children.iter().map(|(name, _)| name.as_str());
    let mut kinds_of: Vec<&str> = kinds_of.collect();
    kinds_of.sort_unstable();
    assert_eq!(kinds_of, ["aws_ebs_volume", "aws_network_interface"]);
    let image = look
        .unmanaged
        .iter()
        .find(|found| found.type_name == "aws_ami")
        .unwrap();
    assert_eq!(image.children.len(), 1);
    let open = look
        .unmanaged
        .iter()
        .find(|found| found.id == group)
        .unwrap();
    assert_eq!(open.children.len(), 2, "{:?}", open.children);
    assert!(
        look.own
            .iter()
            .any(|(name, id, _)| name == "aws_iam_role" && id.starts_with("AWSServiceRoleFor"))
    );
    let reached: BTreeSet<&str> = look
        .unmanaged
        .iter()
        .map(|found| found.type_name.as_str())
        .collect();
    let never: Vec<&str> = kinds()
        .unwrap()
        .iter()
        .map(|kind| kind.name.as_str())
        .filter(|name| !reached.contains(name))
        .collect();
    assert_eq!(
        never,
        [
            "aws_autoscaling_group",
            "aws_cloudfront_distribution",
            "aws_elasticache_replication_group",
            "aws_network_acl",
            "aws_network_interface",
            "aws_rds_cluster_instance",
            "aws_route_table",
            "aws_vpc_security_group_egress_rule",
            "aws_vpc_security_group_ingress_rule"
        ]
    );

    held_ones_are_taken_away(&moto, &made, &group);
    what_is_beside_is_found(&moto, &look);
}

fn held_ones_are_taken_away(moto: &Moto, made: &Made, group: &str) {
    let resources: Vec<_> = made
        .0
        .iter()
        .filter(|(name, _)| name != "aws_iam_user")
        .map(|(name, id)| json!({"mode": "managed", "type": name, "values": {"id": id}}))
        .collect();
    let (one, more) = resources.split_at(5);
    let state = json!({"values": {"root_module": {"resources": one, "child_modules": [{"resources": more}]}}});
    let mut held = Held::default();
    held.add(&state.to_string(), None).unwrap();
    let look = all(moto, &held, &[]);
    let rule = |name: &str| {
        look.unmanaged
            .iter()
            .filter(|found| found.type_name == name)
            .count()
    };
    // The state says nothing of the group's rules: they were made by hand.
    assert_eq!(rule("aws_vpc_security_group_ingress_rule"), 1);
    assert_eq!(rule("aws_vpc_security_group_egress_rule"), 1);
    assert_eq!(look.unmanaged.len(), 3, "{:?}", look.unmanaged);
    assert!(look.unmanaged.iter().any(|found| found.id == "eve"));

    let rules = json!({"values": {"root_module": {"resources": [
        {"mode": "managed", "type": "aws_security_group", "values": {"id": group, "ingress": [
            {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["10.0.0.0/8", "0.0.0.0/0"], "self": false}
        ]}},
    ]}}});
    let mut inline = Held::default();
    inline.add(&rules.to_string(), None).unwrap();
    let types = [
        "aws_vpc_security_group_ingress_rule",
        "aws_vpc_security_group_egress_rule",
    ];
    let look = all(moto, &inline, &types);
    let names: Vec<&str> = look
        .unmanaged
        .iter()
        .map(|found| found.type_name.as_str())
        .collect();
    assert_eq!(names, ["aws_vpc_security_group_egress_rule"]);
    // With rules of their own, what the group lists was only read.
    let mut apart = Held::default();
    apart.add(&rules.to_string(), None).unwrap();
    apart.add(&json!({"prior_state": {"values": {"root_module": {"resources": [
        {"mode": "managed", "type": "aws_security_group_rule", "values": {"id": "sgrule-1", "security_group_id": group, "type": "egress", "protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}},
    ]}}}}).to_string(), None).unwrap();
    let look = all(moto, &apart, &types);
    let names: Vec<&str> = look
        .unmanaged
        .iter()
        .map(|found| found.type_name.as_str())
        .collect();
    assert_eq!(names, ["aws_vpc_security_group_ingress_rule"]);
}

fn what_is_beside_is_found(moto: &Moto, look: &Look) {
    let session = session(&moto.url, &[]);
    let of = |id: &str| -> Companions {
        let found = look.unmanaged.iter().find(|found| found.id == id).unwrap();
        companions(&session, found, HERE).unwrap()
    };
    let bucket = of("by-hand");
    let names: Vec<&str> = bucket.found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "aws_s3_bucket_public_access_block",
            "aws_s3_bucket_versioning"
        ]
    );
    assert!(bucket.not_looked.is_empty(), "{:?}", bucket.not_looked);
    let user = of("eve");
    assert_eq!(
        user.found,
        [
            (
                "aws_iam_user_policy_attachment".to_owned(),
                "eve/arn:aws:iam::123456789012:policy/wide".to_owned()
            ),
            ("aws_iam_user_policy".to_owned(), "eve:all".to_owned()),
        ]
    );
    let mut imports = Imports::default();
    let found = look
        .unmanaged
        .iter()
        .find(|found| found.id == "eve")
        .unwrap();
    imports.add(found, &user);
    assert!(
        imports
            .text()
            .contains("  to = aws_iam_user_policy.eve\n  id = \"eve:all\"\n"),
        "{}",
        imports.text()
    );
}

#[test]
fn accounts_and_regions_are_not_mixed_up() {
    let moto = Moto::start();
    let group = |region: &str| {
        moto.json(
            "logs",
            region,
            "Logs_20140328.CreateLogGroup",
            &json!({"logGroupName": "app"}),
        )
    };
    group(HERE);
    group("us-west-2");
    let state = |region: &str, account: &str| {
        let arn = format!("arn:aws:logs:{region}:{account}:log-group:app");
        let values = json!({"id": "app", "name": "app", "arn": arn});
        json!({"values": {"root_module": {"resources": [{"mode": "managed", "type": "aws_cloudwatch_log_group", "values": values}]}}}).to_string()
    };
    let left = |region: &str, account: &str| {
        let mut held = Held::default();
        held.add(&state(region, account), None).unwrap();
        let look = all(&moto, &held, &["aws_cloudwatch_log_group"]);
        let regions = look.unmanaged.into_iter().filter_map(|found| found.region);
        regions.collect::<Vec<_>>()
    };
    assert_eq!(left(HERE, ACCOUNT), ["us-west-2"]);
    assert_eq!(left("us-west-2", ACCOUNT), [HERE]);
    assert_eq!(left(HERE, "999999999999"), [HERE, "us-west-2"]);
}
