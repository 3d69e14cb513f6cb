resource "aws_security_group_rule" "r" {
  type              = "ingress"
  from_port         = "22"
  to_port           = tostring(22)
  protocol          = -1
  cidr_blocks       = toset(["0.0.0.0/0"])
  security_group_id = "sg-12345678"
}
resource "aws_instance" "i" {
  ami                    = "ami-12345678"
  instance_type          = "t3.micro"
  monitoring             = "true"
  ebs_optimized          = "false"
  vpc_security_group_ids = ["sg-2", "sg-1", "sg-2"]
  tags                   = { Number = 10, Bool = false, Float = 1.5 }
  cpu_core_count         = 4.0
}
resource "aws_ecs_task_definition" "t" {
  family                   = "f"
  cpu                      = 256
  memory                   = 512
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  container_definitions    = jsonencode([{ name = "c", image = "i", cpu = 10, essential = true, environment = [{ name = "A", value = "b" }] }])
}
resource "aws_lb_target_group" "g" {
  name   = "g"
  port     = "80"
  protocol = "HTTP"
  vpc_id   = "vpc-1"
  health_check {
    port                = 8080
    matcher             = 200
    healthy_threshold   = "3"
  }
}
resource "aws_cloudwatch_metric_alarm" "a" {
  alarm_name          = "a"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = "1"
  threshold           = 0.5
  metric_name         = "m"
  namespace           = "n"
  period              = 60
  statistic           = "Sum"
}
