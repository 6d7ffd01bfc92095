-- Writes notes. KEYS: 1 leases, 2 notes that expire, then buckets.
-- ARGV: lease name (empty: not fenced), token, n, then each: key of the bucket by number, note key, name in the list
--   of notes that expire, milliseconds to live (0: for ever, -1: delete), value.
-- Answers 1, or -1 for a stale lease.
local lease, token = take(), take()
if lease ~= '' and not fresh(redis.call('HGET', KEYS[1], lease), token) then
  return -1
end
for _ = 1, number() do
  local bucket, key, name, ttl, value = KEYS[number()], take(), take(), number(), take()
  if ttl < 0 then
    redis.call('HDEL', bucket, key)
    redis.call('ZREM', KEYS[2], name)
  elseif ttl == 0 then
    redis.call('HSET', bucket, key, '0 ' .. value)
    redis.call('ZREM', KEYS[2], name)
  else
    local till = ms + ttl
    redis.call('HSET', bucket, key, whole(till) .. ' ' .. value)
    redis.call('ZADD', KEYS[2], whole(math.ceil(till / 1000)), name)
  end
end
return 1
