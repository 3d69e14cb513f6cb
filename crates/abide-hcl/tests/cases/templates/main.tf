variable "names" { default = ["ann", "bob"] }
locals {
  flush = <<-EOT
    first
      second ${upper("x")}

    third $${kept} %%{kept}
  EOT
  plain = <<EOT
  indented
	tab "quote" \n backslash
EOT
  directives = <<-EOT
    %{ for i, n in var.names ~}
    server ${i} ${n}
    %{ endfor ~}
    %{ if length(var.names) > 1 }many%{ else }few%{ endif }
    %{~ if false ~}
    never
    %{~ endif ~}
    end
  EOT
  spaces = <<-EOT
      a

        b
      ${"c"}
  EOT
  interp_first = <<-EOT
    ${"x"} y
      z
  EOT
  inline = "a ${~ " b " ~} c %{ for n in var.names }[${n}]%{ endfor } %{if true~}  yes  %{~else~} no %{~endif} !"
  escapes = "tab\there \"q\" \u00e9 \\ $${x} $x %x 100% ${"$"}{y}"
  nested = "outer ${"inner ${"deep"}"} ${join(",", [for n in var.names : "<${n}>"])}"
  single = "${var.names}"
  number = "${1 + 1}"
  mixed  = "${true}-${1.50}-${10 / 4}"
}
resource "terraform_data" "t" {
  input = {
    flush        = local.flush
    plain        = local.plain
    directives   = local.directives
    spaces       = local.spaces
    interp_first = local.interp_first
    inline       = local.inline
    escapes      = local.escapes
    nested       = local.nested
    single       = local.single
    number       = local.number
    mixed        = local.mixed
  }
}
resource "aws_iam_policy" "p" {
  name   = "p"
  policy = <<POLICY
{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "s3:*", "Resource": "${"*"}"}
  ]
}
POLICY
}
