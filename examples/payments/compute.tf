data "aws_iam_policy_document" "ec2_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "worker" {
  name               = "payments-worker"
  assume_role_policy = data.aws_iam_policy_document.ec2_trust.json
}

resource "aws_iam_instance_profile" "worker" {
  name = "payments-worker"
  role = aws_iam_role.worker.name
}

resource "aws_iam_role_policy" "worker" {
  name = "queue"
  role = aws_iam_role.worker.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"]
      Resource = "arn:aws:sqs:eu-west-1:*:payments-*"
    }]
  })
}

resource "aws_instance" "worker" {
  ami                    = "ami-0d64bb532e0502c46"
  instance_type          = "m7g.large"
  subnet_id              = module.network.private_subnet_ids[0]
  vpc_security_group_ids = [module.network.app_security_group_id]
  iam_instance_profile   = aws_iam_instance_profile.worker.name

  metadata_options {
    http_tokens = "required"
  }

  root_block_device {
    encrypted  = true
    kms_key_id = aws_kms_key.payments.arn
  }
}

# Reconciliation keeps a day of raw card files here.
resource "aws_ebs_volume" "reconciliation" {
  availability_zone = "eu-west-1a"
  size              = 200
  type              = "gp3"
}

resource "aws_sqs_queue" "payouts" {
  name              = "payments-payouts"
  kms_master_key_id = aws_kms_key.payments.id
}

# The partner bank's SFTP gateway: its address is allocated by this plan.
resource "aws_eip" "gateway" {
  domain = "vpc"
}

resource "aws_security_group_rule" "sftp_from_gateway" {
  security_group_id = module.network.app_security_group_id
  description       = "SFTP from the partner gateway"
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 2022
  to_port           = 2022
  cidr_blocks       = ["${aws_eip.gateway.public_ip}/32"]
}
