variable "size" {
  type    = number
  default = 10
}
locals {
  a = "base a"
  b = "base b"
}
resource "aws_instance" "i" {
  ami           = "ami-11111111"
  instance_type = "t3.micro"
  tags          = { A = local.a, B = local.b }
  root_block_device {
    encrypted   = false
    volume_size = var.size
  }
  ebs_block_device {
    device_name = "/dev/sdf"
  }
  metadata_options {
    http_tokens = "optional"
  }
}
output "o" { value = 1 }
