variable "secret" {
  sensitive = true
  default   = "canary-one"
}
variable "listed" {
  type      = list(string)
  sensitive = true
  default   = ["canary-two", "canary-three"]
}
locals {
  derived = "pre-${var.secret}-post"
  object  = { open = "x", closed = var.secret }
}
resource "aws_ssm_parameter" "p" {
  name  = "p"
  type  = "SecureString"
  value = local.derived
  tags  = { Open = local.object.open, Closed = local.object.closed }
}
resource "aws_db_instance" "db" {
  allocated_storage   = 10
  engine              = "mysql"
  instance_class      = "db.t3.micro"
  username            = sensitive("canary-four")
  password            = "canary-five"
  skip_final_snapshot = true
}
resource "aws_instance" "i" {
  ami           = "ami-12345678"
  instance_type = "t3.micro"
  tags          = { Listed = var.listed[0], Length = length(var.listed), Open = nonsensitive(length(var.listed)) }
  root_block_device {
    encrypted   = true
    volume_type = var.secret == "x" ? "gp2" : "gp3"
  }
}
module "m" {
  source = "./m"
  value  = "canary-six"
}
resource "aws_sns_topic" "t" {
  name         = "t"
  display_name = module.m.secret
}
resource "terraform_data" "d" {
  input = { a = var.secret, b = "open", c = [for v in var.listed : upper(v)], d = jsonencode({ p = var.secret }) }
}
