module "each" {
  source   = "./m"
  for_each = { a = 1, "b.c" = 2 }
  key      = each.key
  size     = each.value
}
module "counted" {
  source = "./m"
  count  = 2
  key    = "c${count.index}"
  size   = count.index + 10
}
module "none" {
  source = "./m"
  count  = 0
  key    = "never"
  size   = 0
}
resource "terraform_data" "sum" {
  input = {
    sizes   = { for k, m in module.each : k => m.size }
    counted = module.counted[*].size
    one     = module.counted[1].key
    b       = module.each["b.c"].key
    none    = length(module.none)
    all     = sum(values(module.each)[*].size)
  }
}
resource "aws_s3_bucket_versioning" "v" {
  for_each = module.each
  bucket   = each.value.bucket
  versioning_configuration { status = "Enabled" }
}
