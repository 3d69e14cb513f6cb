locals {
  users = [
    { name = "ann", roles = ["admin", "dev"], active = true },
    { name = "bob", roles = ["dev"], active = false },
    { name = "cid", roles = [], active = true },
  ]
  short = { for k, v in { a = 1, b = 2 } : k => v > 1 ?
  "big" : "small" }
}
resource "terraform_data" "f" {
  input = {
    names    = [for u in local.users : upper(u.name) if u.active]
    by_role  = { for p in flatten([for u in local.users : [for r in u.roles : { r = r, u = u.name }]]) : p.r => p.u... }
    index    = { for i, u in local.users : u.name => i }
    pairs    = { for p in setproduct(["a", "b"], [1, 2]) : "${p[0]}${p[1]}" => p[1] }
    sets     = [for s in toset(["z", "y"]) : s]
    nested   = [for u in local.users : { n = u.name, c = length(u.roles) }]
    objects  = { for k, v in { b = { x = 1 }, a = { x = 2 } } : k => v.x }
    short    = local.short
    filtered = { for k, v in { a = 1, b = null } : k => v if v != null }
    keys     = [for k, v in { b = 1, a = 2 } : "${k}${v}"]
  }
}
