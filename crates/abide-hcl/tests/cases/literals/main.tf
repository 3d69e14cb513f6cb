resource "aws_s3_bucket" "b" {
  bucket        = "literal-bucket"
  force_destroy = true
  tags = {
    Name      = "x"
    "a key"   = "y"
    Number    = 1
    (1 + 1)   = "two"
  }
}

resource "aws_db_instance" "db" {
  allocated_storage       = "20"
  engine                  = "postgres"
  instance_class          = "db.t3.micro"
  username                = "u"
  password                = "hunter2-secret"
  storage_encrypted       = "true"
  backup_retention_period = 7.0
  skip_final_snapshot     = 1 == 1
  iops                    = null
}

resource "aws_instance" "i" {
  ami           = "ami-12345678"
  instance_type = "t3.micro"
  root_block_device {
    encrypted   = true
    volume_size = "10"
  }
  ebs_block_device {
    device_name = "/dev/sdf"
    encrypted   = false
  }
  ebs_block_device {
    device_name = "/dev/sdg"
    iops        = 100
  }
  metadata_options {
    http_tokens = "required"
  }
}
