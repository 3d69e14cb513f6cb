variable "environment" {
  type    = string
  default = "prod"
}

variable "admin_cidrs" {
  description = "Networks that may reach the bastion."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "databases" {
  type = map(object({
    instance_class = string
    retention_days = optional(number, 1)
  }))
  default = {
    ledger = {
      instance_class = "db.r6g.large"
      retention_days = 14
    }
    cards = {
      instance_class = "db.t4g.medium"
    }
  }
}
