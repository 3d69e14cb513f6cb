data "aws_iam_policy_document" "base" {
  statement {
    sid       = "A"
    actions   = ["s3:GetObject"]
    resources = ["*"]
  }
  statement {
    sid       = "B"
    actions   = ["s3:PutObject"]
    resources = ["*"]
  }
  statement {
    actions   = ["ec2:*"]
    resources = ["*"]
  }
}
data "aws_iam_policy_document" "sourced" {
  source_policy_documents = [data.aws_iam_policy_document.base.json, jsonencode({
    Version   = "2012-10-17"
    Id        = "raw"
    Statement = [{ Sid = "Raw", Effect = "Deny", Action = ["b", "a"], Resource = "*", Principal = { AWS = ["x", "y"] }, Condition = { Bool = { "aws:SecureTransport" = "false" } } }]
  })]
  statement {
    sid       = "A"
    effect    = "Deny"
    actions   = ["*"]
    resources = ["*"]
  }
}
data "aws_iam_policy_document" "override" {
  source_policy_documents   = [data.aws_iam_policy_document.base.json]
  override_policy_documents = [data.aws_iam_policy_document.over.json, ""]
}
data "aws_iam_policy_document" "over" {
  statement {
    sid       = "B"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["*"]
  }
  statement {
    sid       = "C"
    actions   = ["x"]
    resources = ["*"]
  }
}
resource "terraform_data" "docs" {
  input = [data.aws_iam_policy_document.sourced.json, data.aws_iam_policy_document.override.json]
}
