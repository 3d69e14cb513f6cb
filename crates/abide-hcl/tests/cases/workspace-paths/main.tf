resource "terraform_data" "p" {
  input = {
    workspace = terraform.workspace
    module    = path.module
    root      = path.root
    env       = lookup({ default = "dev", prod = "prod" }, terraform.workspace, "other")
  }
}
module "a" {
  source = "./a"
}
