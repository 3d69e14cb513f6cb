locals { doc = <<-EOT
    a ${1 + 2 * -3 % 4}
      b %{ for x in [1, 2] ~}
    ${x}
    %{ endfor }
  EOT
}
