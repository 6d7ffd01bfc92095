-- Reads notes. KEYS: 1 bucket. ARGV: n keys... Answers {millisecond, note...}.
local n = number()
local out = redis.call('HMGET', KEYS[1], unpack(ARGV, at, at + n - 1))
table.insert(out, 1, whole(ms))
return out
