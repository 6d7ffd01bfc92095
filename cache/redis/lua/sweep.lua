-- Drops notes that expired. KEYS: 1 notes that expire, then buckets.
-- ARGV: n, then each: key of the bucket by number, note key, name in the list.
for _ = 1, number() do
  local bucket, key, name = KEYS[number()], take(), take()
  local note = redis.call('HGET', bucket, key)
  local till = note and tonumber(string.match(note, '^%d+'))
  if till and till > ms then
    redis.call('ZADD', KEYS[1], whole(math.ceil(till / 1000)), name)
  else
    if till and till > 0 then
      redis.call('HDEL', bucket, key)
    end
    redis.call('ZREM', KEYS[1], name)
  end
end
return 1
