variable "config" { default = { a = { b = 1 }, list = [1] } }
resource "terraform_data" "t" {
  input = {
    a      = try(var.config.a.b, "none")
    c      = try(var.config.c.d, var.config.x, "none")
    index  = try(var.config.list[5], "out")
    can    = [can(var.config.a), can(var.config.z), can(tonumber("x")), can(regex("a", "b"))]
    number = try(tonumber("nope"), tonumber("12"))
    nested = try(jsondecode("{"), yamldecode("a: 1"), {})
    lookup = lookup(var.config.a, "zzz", try(var.config.q, "deep"))
    bool   = try(tobool("yes"), false)
  }
}
