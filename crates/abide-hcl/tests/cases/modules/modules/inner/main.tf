variable "encrypted" { type = bool }
variable "size" { type = string }
resource "aws_ebs_volume" "v" {
  availability_zone = "eu-west-1a"
  encrypted         = var.encrypted
  size              = var.size
}
output "size" { value = aws_ebs_volume.v.size }
output "id" { value = aws_ebs_volume.v.id }
