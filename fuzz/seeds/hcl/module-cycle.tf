module "m" { source = "./m" }
//// m/main.tf
module "m" { source = "../m" }
