resource "aws_instance" "i" {
  instance_type = "t3.large"
  root_block_device {
    encrypted = true
  }
}
variable "size" {
  default = 20
}
locals {
  b = "override b"
}
