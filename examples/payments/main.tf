terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = {
      Service     = "payments"
      Environment = var.environment
      ManagedBy   = "terraform"
    }
  }
}

module "network" {
  source      = "./modules/network"
  name        = "payments-${var.environment}"
  cidr        = "10.40.0.0/16"
  admin_cidrs = var.admin_cidrs
}

module "database" {
  source   = "./modules/database"
  for_each = var.databases

  name           = "${each.key}-${var.environment}"
  instance_class = each.value.instance_class
  retention_days = each.value.retention_days
  vpc_id         = module.network.vpc_id
  subnet_ids     = module.network.private_subnet_ids
  client_group   = module.network.app_security_group_id
}
