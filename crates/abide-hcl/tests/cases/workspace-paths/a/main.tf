resource "terraform_data" "p" {
  input = [path.module, path.root, terraform.workspace, abspath(path.module) == path.module]
}
module "b" {
  source = "./nested/b"
}
