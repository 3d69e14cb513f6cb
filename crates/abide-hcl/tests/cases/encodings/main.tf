resource "aws_sqs_queue" "q" {
  name = "q"
  redrive_policy = jsonencode({
    deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:dead"
    maxReceiveCount     = 4
  })
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = ["sqs:SendMessage"]
      Resource  = "*"
      Condition = { ArnEquals = { "aws:SourceArn" = "arn:x" } }
    }]
  })
}
resource "aws_launch_template" "l" {
  name      = "launch"
  user_data = base64encode("#!/bin/sh\necho ${"hi"}\n")
}
resource "terraform_data" "e" {
  input = {
    json  = jsonencode({ z = [1, 2.50, true, null], a = "<&>é", nested = { k = {} } })
    yaml  = yamlencode({ a = [1, { b = "c" }], d = "e\nf\n" })
    url   = urlencode("a b/ü?")
    b64   = base64decode(base64encode("täst"))
    sha   = base64sha256("x")
    uuid  = uuidv5("url", "https://example.com")
    date  = formatdate("YYYY-MM-DD'T'hh:mm:ssZ", "2024-02-29T12:00:00+01:00")
    later = timeadd("2024-02-28T23:00:00Z", "25h")
    nets  = cidrsubnets("10.0.0.0/16", 4, 8)
    csv   = csvdecode("a,b\n1,2")
  }
}
