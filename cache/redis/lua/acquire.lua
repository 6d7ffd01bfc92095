-- Takes a lease. KEYS: 1 leases. ARGV: name, milliseconds, nonce of this call. Answers the token, or 0 when it is held.
local name, ttl, nonce = take(), number(), take()
local record = redis.call('HGET', KEYS[1], name)
local token = 0
if record then
  local last, till, by = string.match(record, '^(%d+) (%d+) (.*)$')
  token = tonumber(last)
  if tonumber(till) > ms then
    -- The same nonce: this call ran before and its answer was lost.
    return by == nonce and last or '0'
  end
end
-- A token is at least the clock in microseconds, so it grows even past a failover that lost the record.
token = math.max(token + 1, now * 1000000 + tonumber(clock[2]))
redis.call('HSET', KEYS[1], name, whole(token) .. ' ' .. whole(ms + ttl) .. ' ' .. nonce)
return whole(token)
