data "aws_iam_policy_document" "full" {
  policy_id = "id"
  statement {
    sid       = "One"
    actions   = ["s3:PutObject", "s3:GetObject", "s3:ListBucket"]
    resources = ["arn:aws:s3:::b", "arn:aws:s3:::b/home/&{aws:username}/*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::123456789012:root", "arn:aws:iam::210987654321:root"]
    }
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = ["2", "1"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalOrgID"
      values   = ["o-1"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
  statement {
    effect        = "Deny"
    not_actions   = ["iam:*"]
    not_resources = ["*"]
    not_principals {
      type        = "AWS"
      identifiers = ["123456789012"]
    }
  }
  statement {
    actions   = ["*"]
    resources = ["*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
  statement {
    actions   = ["*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["b", "a"]
    }
    principals {
      type        = "AWS"
      identifiers = ["c"]
    }
    condition {
      test     = "StringLike"
      variable = "x"
      values   = ["<b>&"]
    }
    condition {
      test     = "StringLike"
      variable = "x"
      values   = ["second", "third"]
    }
  }
}
data "aws_iam_policy_document" "empty" {}
data "aws_iam_policy_document" "old" {
  version = "2008-10-17"
  statement {
    actions   = ["s3:*"]
    resources = ["*"]
  }
}
data "aws_iam_policy_document" "dynamic" {
  dynamic "statement" {
    for_each = { read = ["s3:Get*"], write = ["s3:Put*", "s3:Delete*"] }
    content {
      sid       = statement.key
      actions   = statement.value
      resources = ["*"]
    }
  }
}
data "aws_iam_policy_document" "unknown" {
  statement {
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.b.arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}
resource "aws_s3_bucket" "b" { bucket = "b" }
resource "aws_s3_bucket_policy" "p" {
  bucket = aws_s3_bucket.b.id
  policy = data.aws_iam_policy_document.unknown.json
}
resource "aws_iam_policy" "full" {
  policy = data.aws_iam_policy_document.full.json
}
resource "aws_iam_policy" "dynamic" {
  policy = data.aws_iam_policy_document.dynamic.minified_json
}
resource "terraform_data" "docs" {
  input = [
    data.aws_iam_policy_document.full.json,
    data.aws_iam_policy_document.full.minified_json,
    data.aws_iam_policy_document.empty.json,
    data.aws_iam_policy_document.old.json,
    data.aws_iam_policy_document.dynamic.json,
  ]
}
