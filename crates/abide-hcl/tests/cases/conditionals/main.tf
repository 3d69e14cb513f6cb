variable "prod" { default = true }
variable "nothing" { default = null }
resource "aws_db_instance" "db" {
  allocated_storage       = var.prod ? 100 : 10
  engine                  = "mysql"
  instance_class          = var.prod ? "db.r5.large" : "db.t3.micro"
  username                = "u"
  password                = "p-secret-value"
  storage_encrypted       = var.prod && true || false
  multi_az                = !var.prod
  backup_retention_period = var.nothing == null ? 7 : var.nothing
  deletion_protection     = var.nothing != null
  skip_final_snapshot     = var.prod ? false : true
  final_snapshot_identifier = (
    var.prod ? "final" : null
  )
  kms_key_id = var.prod ? null : "arn:aws:kms:eu-west-1:123456789012:key/x"
}
resource "terraform_data" "types" {
  input = [
    true ? 1 : "a",
    false ? 1 : "a",
    true ? [1] : [],
    true ? [] : ["a"],
    true ? { a = 1 } : {},
    true ? { a = 1, b = "x" } : {},
    false ? { a = 1 } : { a = "x", b = true },
    true ? null : 1,
    true ? tolist([1, 2]) : ["x"],
    (1 > 2 ? "a" : 2 > 1 ? "b" : "c"),
  ]
}
