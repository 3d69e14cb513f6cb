resource "aws_subnet" "s" {
  count             = 2
  vpc_id            = "vpc-12345678"
  cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
  availability_zone = "eu-west-1${element(["a", "b"], count.index)}"
}
resource "aws_vpc" "single" {
  cidr_block = "10.0.0.0/16"
}
locals {
  people = [{ n = "a", p = [{ x = 1 }, { x = 2 }] }, { n = "b", p = [] }]
  maybe  = null
}
resource "terraform_data" "s" {
  input = {
    cidrs  = aws_subnet.s[*].cidr_block
    legacy = aws_subnet.s.*.availability_zone
    single = aws_vpc.single[*].cidr_block
    maybe  = local.maybe[*]
    scalar = "x"[*]
    names  = local.people[*].n
    deep   = local.people[*].p[*].x
    first  = local.people.*.n[0]
    tup    = local.people[*]["n"]
    one    = one(aws_vpc.single[*].cidr_block)
  }
}
