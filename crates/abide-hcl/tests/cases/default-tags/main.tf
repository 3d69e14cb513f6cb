resource "aws_s3_bucket" "plain" { bucket = "plain" }
resource "aws_s3_bucket" "own" {
  bucket = "own"
  tags   = { Team = "mine", Name = "own" }
}
resource "aws_s3_bucket" "west" {
  provider = aws.west
  bucket   = "west"
  tags     = { Name = "w" }
}
resource "aws_s3_bucket" "unknown" {
  bucket = "unknown"
  tags   = { Id = aws_s3_bucket.own.id }
}
resource "aws_sqs_queue" "empty" {
  name = "q"
  tags = { Empty = "" }
}
module "passed" {
  source    = "./m"
  providers = { aws = aws.west }
}
module "inherited" {
  source = "./m"
}
module "named" {
  source    = "./named"
  providers = { aws = aws, aws.other = aws.west }
}
