locals {
  name   = "${local.prefix}-x"
  prefix = lower("ABC")
  sizes  = { small = { class = "db.t3.micro", gb = 10 }, large = { class = "db.r5.large", gb = 100 } }
  size   = local.sizes[local.large ? "large" : "small"]
  large  = length(local.name) > 3
  common = merge(local.base, { Name = local.name })
  base   = { Team = "core", Managed = true }
  list   = concat([local.prefix], [for k, v in local.sizes : "${k}=${v.gb}"])
}
locals {
  second = local.list[1]
}
resource "aws_s3_bucket" "b" {
  bucket = local.name
  tags   = local.common
}
resource "aws_db_instance" "db" {
  allocated_storage   = local.size.gb
  instance_class      = local.size.class
  engine              = "mysql"
  username            = local.second
  password            = "p-secret-value"
  skip_final_snapshot = true
}
resource "terraform_data" "x" {
  input = [local.list, local.second, local.size, local.common]
}
