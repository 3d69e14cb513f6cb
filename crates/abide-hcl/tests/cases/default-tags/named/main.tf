terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.other]
    }
  }
}
resource "aws_sns_topic" "a" { name = "a" }
resource "aws_sns_topic" "b" {
  provider = aws.other
  name     = "b"
  tags     = { B = "b" }
}
