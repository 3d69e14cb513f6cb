variable "env" {
  type = string
}
variable "auto" {}
variable "later" { default = "from default" }
variable "number" {
  type    = number
  default = "12"
}
variable "flag" {
  type    = bool
  default = "true"
}
variable "names" {
  type    = list(string)
  default = ["b", "a", 3]
}
variable "unique" {
  type    = set(string)
  default = ["b", "a", "b"]
}
variable "tags" {
  type    = map(string)
  default = { Cost = 10, Flag = true }
}
variable "rules" {
  type = list(object({
    port        = number
    cidrs       = optional(list(string), ["10.0.0.0/8"])
    description = optional(string)
    nested = optional(object({
      a = optional(string, "deep")
    }), {})
  }))
}
variable "tuple" {
  type    = tuple([string, number, bool])
  default = [1, "2", "true"]
}
variable "nullable" {
  type     = string
  default  = "not null"
  nullable = false
}
variable "any" {
  default = { a = [1, "x"], b = null }
}
resource "terraform_data" "all" {
  input = {
    env      = var.env
    auto     = var.auto
    later    = var.later
    number   = var.number
    flag     = var.flag
    names    = var.names
    unique   = var.unique
    tags     = var.tags
    rules    = var.rules
    tuple    = var.tuple
    nullable = var.nullable
    any      = var.any
    joined   = join(",", var.unique)
  }
}
resource "aws_security_group" "g" {
  name = "rules"
  dynamic "ingress" {
    for_each = var.rules
    content {
      description = ingress.value.description
      from_port   = ingress.value.port
      to_port     = ingress.value.port
      protocol    = "tcp"
      cidr_blocks = ingress.value.cidrs
    }
  }
  tags = var.tags
}
