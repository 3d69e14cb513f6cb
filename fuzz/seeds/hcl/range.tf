locals { a = range(0, 1000000000, 1) }
resource "aws_s3_bucket" "b" { count = length(local.a) }
