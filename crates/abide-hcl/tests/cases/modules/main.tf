module "one" {
  source = "./modules/outer"
  name   = "first"
  kms    = aws_kms_key.k.arn
}
module "two" {
  source    = "./modules/outer"
  name      = "second"
  encrypted = false
  extra     = module.one.bucket_name
}
resource "aws_kms_key" "k" {
  description             = "root"
  enable_key_rotation     = true
  deletion_window_in_days = 10
}
resource "aws_sns_topic" "t" {
  name = "${module.one.bucket_name}-${module.two.inner.size}-topic"
  tags = module.two.tags
}
output "names" {
  value = [module.one.bucket_name, module.two.bucket_name]
}
