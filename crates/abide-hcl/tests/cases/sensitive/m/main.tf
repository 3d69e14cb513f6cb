variable "value" { sensitive = true }
output "secret" {
  value     = "out-${var.value}"
  sensitive = true
}
