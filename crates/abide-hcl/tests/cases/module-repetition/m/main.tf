variable "key" {}
variable "size" { type = number }
resource "aws_s3_bucket" "b" {
  for_each = toset(["x", "y"])
  bucket   = "m-${replace(var.key, ".", "-")}-${each.key}"
}
output "size" { value = var.size }
output "key" { value = var.key }
output "bucket" { value = aws_s3_bucket.b["x"].bucket }
