locals {
  a = jsonencode({ x = cidrsubnet("10.0.0.0/8", 8, 1), y = try(jsondecode("{"), formatdate("YYYY", timestamp())) })
  b = merge({ a = 1 }, { for i, v in split(",", "a,b") : v => i... })
  c = [for s in ["a", "b"] : regexall("(.)", s)][*][0]
  d = flatten([[1, [2]], setproduct(["a"], ["b"])])
}
