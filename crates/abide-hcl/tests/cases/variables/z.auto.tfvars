auto = "z"
