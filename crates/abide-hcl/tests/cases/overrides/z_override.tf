resource "aws_instance" "i" {
  tags = { Z = local.b }
  ebs_block_device {
    device_name = "/dev/sdz"
  }
  ebs_block_device {
    device_name = "/dev/sdy"
  }
}
