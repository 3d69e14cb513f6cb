resource "aws_iam_policy" "p" {
  name   = "p"
  policy = templatefile("${path.module}/policy.json.tftpl", { bucket = "data", actions = ["s3:GetObject", "s3:PutObject"], public = false })
}
resource "aws_iam_role" "r" {
  name               = "r"
  assume_role_policy = file("trust.json")
}
resource "terraform_data" "f" {
  input = {
    text    = file("files/a.txt")
    b64     = filebase64("files/a.txt")
    sha     = filesha256("files/a.txt")
    md5     = filemd5("${path.module}/files/a.txt")
    exists  = [fileexists("files/a.txt"), fileexists("files/nope.txt")]
    set     = fileset(path.module, "files/**/*.txt")
    flat    = fileset("files", "*.txt")
    brace   = fileset("files", "{a,b}.*")
    yaml    = yamldecode(file("config.yaml"))
    json    = jsondecode(file("config.json")).list[1]
    csv     = csvdecode(file("users.csv"))
    base    = basename("a/b.c")
    lines   = templatefile("lines.tftpl", { xs = ["1", "2"], m = { k = "v" } })
    missing = try(file("nope.txt"), "fallback")
  }
}
module "m" {
  source = "./m"
}
