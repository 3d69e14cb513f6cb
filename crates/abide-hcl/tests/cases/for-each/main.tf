locals {
  buckets = {
    "logs"     = { versioned = true, tags = { a = "1" } }
    "da.ta"    = { versioned = false, tags = {} }
    "qu\"ote" = { versioned = true, tags = { b = 2 } }
  }
}
resource "aws_s3_bucket" "b" {
  for_each = local.buckets
  bucket   = "x-${replace(each.key, "/[^a-z]/", "-")}"
  tags     = each.value.tags
}
resource "aws_s3_bucket_versioning" "v" {
  for_each = { for k, v in local.buckets : k => v if v.versioned }
  bucket   = aws_s3_bucket.b[each.key].bucket
  versioning_configuration {
    status = "Enabled"
  }
}
resource "aws_s3_bucket_public_access_block" "p" {
  for_each            = aws_s3_bucket.b
  bucket              = each.value.id
  block_public_acls   = each.key != "logs"
  block_public_policy = true
}
resource "aws_iam_user" "u" {
  for_each = toset(["zoë", "adam", "adam"])
  name     = each.value == each.key ? "user-${length(each.key)}" : "never"
}
resource "terraform_data" "k" {
  input = [keys(aws_s3_bucket.b), [for k, b in aws_s3_bucket.b : "${k}:${b.bucket}"], values(aws_s3_bucket.b)[*].bucket]
}
