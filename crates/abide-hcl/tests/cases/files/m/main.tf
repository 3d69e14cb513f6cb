resource "aws_s3_object" "o" {
  bucket  = "b"
  key     = "k"
  content = file("${path.module}/data.txt")
  etag    = filemd5("${path.module}/data.txt")
}
