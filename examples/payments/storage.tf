resource "aws_kms_key" "payments" {
  description         = "Payment documents and queues"
  enable_key_rotation = true
}

# Settlement files for partner banks.
resource "aws_s3_bucket" "settlements" {
  bucket = "northbank-settlements-${var.environment}"
}

resource "aws_s3_bucket_server_side_encryption_configuration" "settlements" {
  bucket = aws_s3_bucket.settlements.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.payments.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "settlements" {
  bucket                  = aws_s3_bucket.settlements.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# Card exports for the disputes team.
resource "aws_s3_bucket" "card_exports" {
  bucket = "northbank-card-exports-${var.environment}"
}

resource "aws_s3_bucket_public_access_block" "card_exports" {
  bucket                  = aws_s3_bucket.card_exports.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "card_exports" {
  bucket = aws_s3_bucket.card_exports.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.worker.arn }
      Action    = ["s3:GetObject", "s3:PutObject"]
      Resource  = "${aws_s3_bucket.card_exports.arn}/*"
    }]
  })
}
