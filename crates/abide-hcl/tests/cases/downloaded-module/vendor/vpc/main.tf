variable "cidr" {}
variable "azs" {
  type    = list(string)
  default = ["a", "b", "c"]
}
resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_hostnames = true
}
resource "aws_subnet" "private" {
  for_each          = { for i, az in var.azs : az => cidrsubnet(var.cidr, 8, i) }
  vpc_id            = aws_vpc.this.id
  cidr_block        = each.value
  availability_zone = "eu-west-1${each.key}"
}
output "cidr" { value = aws_vpc.this.cidr_block }
output "subnets" { value = { for k, s in aws_subnet.private : k => s.cidr_block } }
