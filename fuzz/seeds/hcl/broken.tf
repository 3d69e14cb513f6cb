resource "aws_s3_bucket" "b" {
  bucket = 
}
resource aws_s3_bucket {
