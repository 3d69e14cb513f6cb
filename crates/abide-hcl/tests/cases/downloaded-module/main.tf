module "vpc" {
  source = "./vendor/vpc"
  cidr   = "10.9.0.0/16"
}
resource "terraform_data" "x" {
  input = [module.vpc.cidr, module.vpc.subnets]
}
