auto = "a"
later = "from a.auto"
