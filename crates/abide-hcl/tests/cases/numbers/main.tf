resource "terraform_data" "n" {
  input = {
    sum      = 0.1 + 0.2
    big      = 9007199254740993 + 1
    division = 10 / 4
    modulo   = -7 % 3
    negative = -(2 - 5)
    exponent = 1e3
    text     = "${1.10}-${100}-${1e6}-${0.5}"
    compare  = [1 < 2, 2 <= 2, 3 > 4, 1 == 1.0, "1" == 1]
    floor    = floor(-1.5)
    ceil     = ceil(1.2)
    parse    = parseint("ff", 16) + tonumber("1.5")
    max      = max([3, 1, 2]...)
    account  = "012345678901"
    range    = range(0, 10, 3)
  }
}
