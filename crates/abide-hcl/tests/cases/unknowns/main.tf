resource "aws_kms_key" "k" { description = "k" }
resource "aws_s3_bucket" "b" { bucket_prefix = "p-" }
resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }
data "aws_caller_identity" "me" {
  depends_on = [aws_vpc.v]
}
locals {
  key  = aws_kms_key.k.arn
  mix  = { known = "x", unknown = local.key }
  list = ["a", local.key]
}
resource "aws_ebs_volume" "e" {
  availability_zone = "eu-west-1a"
  size              = 1
  encrypted         = aws_vpc.v.enable_dns_support
  kms_key_id        = local.mix.unknown
  tags              = { Known = local.mix.known, Unknown = local.mix.unknown, Bucket = aws_s3_bucket.b.bucket }
}
resource "aws_security_group" "g" {
  name   = "g-${length(local.list)}"
  vpc_id = aws_vpc.v.id
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = [aws_vpc.v.cidr_block, "192.168.0.0/16"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0", aws_s3_bucket.b.id]
  }
}
resource "terraform_data" "u" {
  input = {
    concat    = length(concat(local.list, ["b"]))
    merged    = merge(local.mix, { more = 1 }).more
    keys      = keys(local.mix)
    first     = local.list[0]
    element   = element(local.list, 0)
    contains  = contains(["x"], "x")
    template  = "x-${local.key}"
    known_and = false && aws_s3_bucket.b.bucket == "x"
    known_or  = true || aws_s3_bucket.b.bucket == "x"
    try       = try(local.mix.nope, "fallback")
    cond      = aws_s3_bucket.b.id == "x" ? "a" : "b"
    coalesced = coalesce("x", aws_s3_bucket.b.id)
    lookup    = lookup(local.mix, "known", "d")
    slice     = slice(local.list, 0, 1)
    zip       = zipmap(["a", "b"], local.list).a
    set       = length(toset(["a", "b"]))
    forlist   = [for x in local.list : x == "a"][0]
  }
}
resource "aws_instance" "i" {
  ami           = data.aws_caller_identity.me.account_id
  instance_type = "t3.micro"
  dynamic "ebs_block_device" {
    for_each = toset([aws_s3_bucket.b.id])
    content {
      device_name = ebs_block_device.value
    }
  }
}
