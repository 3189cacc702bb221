"""Points of edwards25519 in plain integers: enough to make the signatures on which libraries differ."""

from hashlib import sha512

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def add(one: Point, other: Point) -> Point:
    """The sum of two points."""
    (x1, y1), (x2, y2) = one, other
    t = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P
    return x, y


def times(factor: int, point: Point) -> Point:
    """A point so many times."""
    total = NEUTRAL
    while factor:
        if factor & 1:
            total = add(total, point)
        point = add(point, point)
        factor >>= 1
    return total


def decode(data: bytes) -> Point | None:
    """The point of an encoding; None where there is none."""
    number = int.from_bytes(data, "little")
    y, sign = number % 2**255 % P, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    return (P - x if x % 2 != sign else x), y


def encode(point: Point) -> bytes:
    """The canonical encoding of a point."""
    x, y = point
    return (y | x % 2 << 255).to_bytes(32, "little")


def challenge(r: bytes, a: bytes, message: bytes) -> int:
    """The k of RFC 8032."""
    return int.from_bytes(sha512(r + a + message).digest(), "little") % L


def secret(seed: bytes) -> int:
    """The scalar of a seed."""
    low = int.from_bytes(sha512(seed).digest()[:32], "little")
    return low & (2**254 - 8) | 2**254


def find_base() -> Point:
    """The base point: y = 4/5, x even."""
    point = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert point is not None
    return point


def find_order_8() -> Point:
    """A point of order 8."""
    for y in range(2, 100):
        point = decode(y.to_bytes(32, "little"))
        if point is not None and times(4 * L, point) != NEUTRAL:
            return times(L, point)
    raise AssertionError("no point of order 8 among the first")


BASE = find_base()
ORDER_8 = find_order_8()
