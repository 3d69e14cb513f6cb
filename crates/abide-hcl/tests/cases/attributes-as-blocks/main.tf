resource "aws_security_group" "blocks" {
  name = "blocks"
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  ingress {
    from_port = 80
    to_port   = "80"
    protocol  = "tcp"
    self      = true
  }
  egress = []
}
resource "aws_security_group" "attributes" {
  name = "attributes"
  ingress = [
    for p in [22, "443"] : {
      from_port        = p
      to_port          = p
      protocol         = "tcp"
      cidr_blocks      = ["10.0.0.0/8"]
      description      = "p${p}"
      ipv6_cidr_blocks = []
      prefix_list_ids  = []
      security_groups  = []
      self             = false
    }
  ]
}
resource "aws_route_table" "r" {
  vpc_id = "vpc-1"
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = "igw-1"
  }
}
resource "aws_network_acl" "n" {
  vpc_id = "vpc-1"
  ingress {
    protocol   = "tcp"
    rule_no    = 100
    action     = "allow"
    cidr_block = "0.0.0.0/0"
    from_port  = 22
    to_port    = 22
  }
}
resource "aws_default_security_group" "d" {
  vpc_id = "vpc-1"
}
