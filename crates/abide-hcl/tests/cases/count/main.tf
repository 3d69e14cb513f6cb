variable "n" { default = 2 }
variable "on" { default = false }
resource "aws_ebs_volume" "v" {
  count             = var.n
  availability_zone = "eu-west-1${["a", "b", "c"][count.index]}"
  size              = 10 * (count.index + 1)
  encrypted         = count.index == 0
}
resource "aws_ebs_volume" "off" {
  count             = var.on ? 1 : 0
  availability_zone = "eu-west-1a"
  size              = 1
}
resource "aws_ebs_volume" "on" {
  count             = "1"
  availability_zone = aws_ebs_volume.v[1].availability_zone
  size              = aws_ebs_volume.v.0.size
  tags = {
    zones = join(",", aws_ebs_volume.v[*].availability_zone)
    count = length(aws_ebs_volume.v)
    off   = length(aws_ebs_volume.off)
    one   = try(aws_ebs_volume.off[0].size, "none")
  }
}
