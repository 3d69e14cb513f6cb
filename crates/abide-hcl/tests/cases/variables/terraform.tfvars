env   = "prod"
later = "from terraform.tfvars"
nullable = null
rules = [
  { port = 22 },
  { port = "443", cidrs = ["0.0.0.0/0"], description = "web", nested = { a = null } },
]
