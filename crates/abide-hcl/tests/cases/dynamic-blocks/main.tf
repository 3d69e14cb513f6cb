locals {
  rules = {
    ssh   = { port = 22, cidrs = ["10.0.0.0/8"] }
    https = { port = 443, cidrs = ["0.0.0.0/0", "10.1.0.0/16"] }
  }
  lifecycles = [
    { id = "a", days = 30, moves = [{ d = 10, c = "STANDARD_IA" }, { d = 20, c = "GLACIER" }] },
    { id = "b", days = 60, moves = [] },
  ]
}
resource "aws_security_group" "g" {
  name = "g"
  dynamic "ingress" {
    for_each = local.rules
    iterator = rule
    content {
      description = rule.key
      from_port   = rule.value.port
      to_port     = rule.value.port
      protocol    = "tcp"
      cidr_blocks = rule.value.cidrs
    }
  }
  dynamic "egress" {
    for_each = toset(["udp", "tcp"])
    content {
      from_port   = 0
      to_port     = 65535
      protocol    = egress.value
      cidr_blocks = [egress.key == "tcp" ? "0.0.0.0/0" : "10.0.0.0/8"]
    }
  }
  dynamic "timeouts" {
    for_each = [1]
    content {
      create = "5m"
    }
  }
}
resource "aws_s3_bucket_lifecycle_configuration" "l" {
  bucket = "some-bucket"
  dynamic "rule" {
    for_each = local.lifecycles
    content {
      id     = rule.value.id
      status = "Enabled"
      filter {
        prefix = "p${rule.key}/"
      }
      expiration {
        days = rule.value.days
      }
      dynamic "transition" {
        for_each = rule.value.moves
        content {
          days          = transition.value.d + rule.key
          storage_class = transition.value.c
        }
      }
    }
  }
}
resource "aws_instance" "i" {
  ami           = "ami-12345678"
  instance_type = "t3.micro"
  ebs_block_device {
    device_name = "/dev/sda"
  }
  dynamic "ebs_block_device" {
    for_each = { for i in range(2) : i => "/dev/sd${i}" }
    content {
      device_name = ebs_block_device.value
      encrypted   = ebs_block_device.key == "1"
    }
  }
  dynamic "metadata_options" {
    for_each = []
    content {
      http_tokens = "optional"
    }
  }
}
