# BOM and CRLF
locals {
  text = <<-EOT
    one
      two
  EOT
  names = { for k in ["a", "b"] : k => k == "a" ?
    "first" : "other" }
}
resource "terraform_data" "c" {
  input = {
    text  = local.text
    names = local.names
    über = "äö 漢字"
  }
}
