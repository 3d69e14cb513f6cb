variable "names" {
  type    = map(object({ days = optional(number, 7), open = bool }))
  default = { a = { open = true }, "b.c" = { days = 1, open = false } }
}

module "m" {
  source   = "./m"
  for_each = var.names
  name     = each.key
  cidr     = each.value.open ? "0.0.0.0/0" : "10.0.0.0/8"
}

output "ids" { value = { for k, v in module.m : k => v.id } }
//// m/main.tf
variable "name" {}
variable "cidr" { sensitive = true }

locals { ports = [for p in range(20, 25, 2) : p if p != 22] }

resource "aws_security_group" "g" {
  name = "${upper(var.name)}-%{ if true }x%{ endif }"
  dynamic "ingress" {
    for_each = local.ports
    iterator = port
    content {
      from_port   = port.value
      to_port     = port.value
      protocol    = "tcp"
      cidr_blocks = [var.cidr]
    }
  }
}

output "id" { value = aws_security_group.g.id }
