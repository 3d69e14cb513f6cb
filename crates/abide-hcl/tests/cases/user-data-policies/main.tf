resource "aws_s3_bucket" "b" { bucket = "policy-bucket" }
resource "aws_s3_bucket_policy" "p" {
  bucket = aws_s3_bucket.b.bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Tls", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "arn:aws:s3:::policy-bucket/*", Condition = { Bool = { "aws:SecureTransport" = false } } },
    ]
  })
}
resource "aws_iam_role" "r" {
  name = "r"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Action = "sts:AssumeRole", Effect = "Allow", Principal = { Service = ["ec2.amazonaws.com", "lambda.amazonaws.com"] } }]
  })
  inline_policy {
    name   = "x"
    policy = jsonencode({ Version = "2012-10-17", Statement = [] })
  }
  managed_policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
}
resource "aws_iam_role_policy_attachment" "a" {
  role       = aws_iam_role.r.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}
resource "aws_kms_key" "k" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "kms:*", Resource = "*" }] })
}
resource "aws_cloudtrail" "t" {
  name                          = "trail"
  s3_bucket_name                = aws_s3_bucket.b.id
  kms_key_id                    = aws_kms_key.k.arn
  is_multi_region_trail         = true
  include_global_service_events = true
  event_selector {
    read_write_type = "All"
    data_resource {
      type   = "AWS::S3::Object"
      values = ["arn:aws:s3"]
    }
  }
}
