-- Describes topics. KEYS: 1 versions, then the index by Published of each topic. ARGV: n topics...
-- Answers {version, items, newest second, ...}.
local n = number()
local versions = redis.call('HMGET', KEYS[1], unpack(ARGV, at, at + n - 1))
local out = {}
for j = 1, n do
  out[3 * j - 2] = versions[j]
  out[3 * j - 1] = redis.call('ZCARD', KEYS[j + 1])
  out[3 * j] = redis.call('ZREVRANGE', KEYS[j + 1], 0, 0, 'WITHSCORES')[2] or false
end
return out
