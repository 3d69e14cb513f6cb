moved {
  from = aws_s3_bucket.old
  to   = aws_s3_bucket.new
}
removed {
  from = aws_s3_bucket.gone
  lifecycle {
    destroy = false
  }
}
check "health" {
  assert {
    condition     = aws_s3_bucket.new.bucket != ""
    error_message = "empty"
  }
}
resource "aws_s3_bucket" "new" {
  bucket = "new"
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [tags]
    precondition {
      condition     = var.checked > 1
      error_message = "no"
    }
  }
  provisioner "local-exec" {
    command = "echo ${self.bucket}"
  }
  timeouts {
    create = "10m"
  }
}
variable "checked" {
  default = 3
  validation {
    condition     = var.checked > 2
    error_message = "small"
  }
}
resource "terraform_data" "d" {
  input            = var.checked
  triggers_replace = [aws_s3_bucket.new.bucket, terraform.workspace]
  depends_on       = [aws_s3_bucket.new]
}
output "o" {
  value       = var.checked
  description = "x"
  depends_on  = [terraform_data.d]
}
