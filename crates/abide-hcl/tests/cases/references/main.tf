resource "aws_s3_bucket" "b" {
  bucket = "refs"
  tags   = { A = "1" }
}
resource "aws_s3_bucket_versioning" "v" {
  bucket = aws_s3_bucket.b.bucket
  versioning_configuration {
    status = upper("enabled") == "ENABLED" ? "Enabled" : "Suspended"
  }
}
resource "aws_s3_bucket_logging" "l" {
  bucket        = aws_s3_bucket_versioning.v.bucket
  target_bucket = aws_s3_bucket.b.id
  target_prefix = "${aws_s3_bucket.b.tags["A"]}/${aws_s3_bucket_versioning.v.versioning_configuration[0].status}/"
}
resource "aws_security_group" "g" {
  name        = aws_s3_bucket_logging.l.bucket
  description = "for ${aws_s3_bucket.b.tags.A}"
}
resource "aws_instance" "i" {
  ami           = "ami-12345678"
  instance_type = "t3.micro"
  root_block_device {
    volume_size = 8
  }
}
resource "terraform_data" "r" {
  input = {
    size  = aws_instance.i.root_block_device[0].volume_size
    sizes = aws_instance.i.root_block_device[*].volume_size
    type  = aws_instance.i.instance_type
    tags  = aws_s3_bucket.b.tags
    desc  = aws_security_group.g.description
  }
}
