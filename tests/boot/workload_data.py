# SPDX-License-Identifier: GPL-2.0-only
"""Programs and data for test_workloads.py, with the results they must give."""
import functools
import random

KEY_IV = ["-K", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
          "-iv", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"]

# Both here and in the guest: bytes that do not repeat, and a length that no block divides.
MAKE_FILE = ("import random; random.seed(42); "
             "open(\\\"/tmp/data\\\", \\\"wb\\\").write(random.randbytes(4194304 + 13))")


@functools.lru_cache
def made_file():
    return random.Random(42).randbytes(4194304 + 13)


def primes(limit):
    sieve = bytearray([1]) * (limit + 1)
    sieve[0:2] = b"\0\0"
    for i in range(2, int(limit ** 0.5) + 1):
        if sieve[i]:
            sieve[i * i::i] = bytes(len(range(i * i, limit + 1, i)))
    return sum(sieve)


def lcg(n):
    x, acc = 1, 0
    for i in range(n):
        x = (x * 1103515245 + 12345) & 0x7fffffff
        acc = (acc ^ (x >> (i % 13))) & 0x7fffffff
    return acc


def mandelbrot(size, limit):
    total = 0
    for py in range(size):
        for px in range(size):
            cr, ci = px * 3.0 / size - 2.0, py * 2.0 / size - 1.0
            zr = zi = 0.0
            n = 0
            while n < limit and zr * zr + zi * zi <= 4.0:
                zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
                n += 1
            total += n
    return total


def generated(count, loops):
    total = 0
    for k in range(1, count + 1):
        for i in range(1, loops + 1):
            total = (total + (i * k + k) % (k + 7)) % 1000003
    return total


LUA = {
    "sieve": ("""
local n, c = 2000000, 0
local s = {}
for i = 2, n do s[i] = true end
for i = 2, math.floor(math.sqrt(n)) do
  if s[i] then for j = i * i, n, i do s[j] = false end end
end
for i = 2, n do if s[i] then c = c + 1 end end
print(c)
""", str(primes(2000000))),
    "bits": ("""
local bit = require("bit")
local ffi = require("ffi")
local x, acc = ffi.new("uint64_t", 1), 0
for i = 0, 1999999 do
  x = (x * 1103515245ULL + 12345ULL) % 2147483648ULL
  acc = bit.bxor(acc, bit.rshift(tonumber(x), i % 13))
end
print(acc)
""", str(lcg(2000000))),
    "mandelbrot": ("""
local size, limit, total = 200, 100, 0
for py = 0, size - 1 do
  for px = 0, size - 1 do
    local cr, ci = px * 3.0 / size - 2.0, py * 2.0 / size - 1.0
    local zr, zi, n = 0.0, 0.0, 0
    while n < limit and zr * zr + zi * zi <= 4.0 do
      zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
      n = n + 1
    end
    total = total + n
  end
end
print(total)
""", str(mandelbrot(200, 100))),
    # Many short-lived programs: code is generated over and over, in the same memory.
    "generated": ("""
local total = 0
for k = 1, 300 do
  local f = loadstring("local total = ... for i = 1, 400 do total = (total + (i * " .. k ..
    " + " .. k .. ") % (" .. k .. " + 7)) % 1000003 end return total")
  total = f(total)
  if k % 50 == 0 then jit.flush() collectgarbage() end
end
print(total)
""", str(generated(300, 400))),
    "callbacks": ("""
local ffi = require("ffi")
ffi.cdef("void qsort(void *base, size_t n, size_t size, int (*cmp)(const int *, const int *));")
local n, x = 20000, 7
local a = ffi.new("int[?]", n)
for i = 0, n - 1 do x = (x * 16807) % 2147483647 a[i] = x end
local cmp = ffi.cast("int (*)(const int *, const int *)", function(p, q)
  return p[0] < q[0] and -1 or (p[0] > q[0] and 1 or 0)
end)
jit.off()
ffi.C.qsort(a, n, 4, cmp)
jit.on()
local bad = 0
for i = 1, n - 1 do if a[i - 1] > a[i] then bad = bad + 1 end end
local sum = 0
for r = 1, 100 do for i = 0, n - 1 do sum = (sum + a[i] * (r + i % 7)) % 9007199 end end
print(bad)
""", "0"),
    "strings": ("""
local t = {}
for i = 1, 50000 do t[#t + 1] = string.format("%d:%x", i, i * 31) end
local s, sum = table.concat(t, ","), 0
for i = 1, #s do sum = (sum * 31 + s:byte(i)) % 16777213 end
local words = 0
for _ in s:gmatch("%d+:%x+") do words = words + 1 end
print(#s, sum, words)
""", None),
}


def strings():
    s = ",".join(f"{i}:{i * 31:x}" for i in range(1, 50001))
    total = 0
    for c in s:
        total = (total * 31 + ord(c)) % 16777213
    return f"{len(s)}\t{total}\t50000"


LUA["strings"] = (LUA["strings"][0], strings())

SQL = """pragma journal_mode=delete;
create table t(id integer primary key, k integer, v text, r real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
  insert into t select i, (i * 7919) % 10007,
  printf('%08x-%d', i * 2654435761 % 4294967296, i), i / 7.0 from n;
create index tk on t(k);
select count(*), sum(k), min(v), max(v) from t;
select k, count(*) from t where k between 100 and 110 group by k order by k;
select printf('%.3f', sum(r)), printf('%.3f', avg(r * r)) from t where k % 3 = 0;
update t set v = upper(v) || 'x' where id % 5 = 0;
delete from t where id % 11 = 0;
select count(*), sum(length(v)) from t;
begin;
update t set k = k + 1;
rollback;
select sum(k) from t;
pragma journal_mode=wal;
insert into t(k, v, r) select k, v || 'y', r * 2 from t where id % 3 = 0;
select a.k, count(*) from t a join t b on a.k = b.k where a.id < 2000
  group by a.k order by 2 desc, 1 limit 10;
select count(*), sum(k), sum(length(v)) from t;
pragma journal_mode=delete;
vacuum;
select group_concat(v) from (select v from t where k = 77 order by id);
pragma integrity_check;
"""
