variable "name" { type = string }
variable "kms" {
  type    = string
  default = null
}
variable "encrypted" { default = true }
variable "extra" { default = "none" }
resource "aws_s3_bucket" "this" {
  bucket = "mod-${var.name}"
  tags   = { Extra = var.extra, Path = path.module, Root = path.root }
}
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  count  = var.encrypted ? 1 : 0
  bucket = aws_s3_bucket.this.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms
    }
  }
}
module "inner" {
  source    = "../inner"
  encrypted = var.encrypted
  size      = length(var.name)
}
output "bucket_name" {
  value = aws_s3_bucket.this.bucket
}
output "tags" {
  value = merge(aws_s3_bucket.this.tags, { Inner = module.inner.size })
}
output "inner" {
  value = module.inner
}
