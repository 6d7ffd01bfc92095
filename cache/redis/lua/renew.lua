-- Extends a lease, or with 0 milliseconds gives it back. KEYS: 1 leases. ARGV: name, token, milliseconds.
-- Answers 1, or 0 when it is not held any more.
local name, token, ttl = take(), take(), number()
local record = redis.call('HGET', KEYS[1], name)
if not fresh(record, token) then
  return 0
end
local by = string.match(record, '^%d+ %d+ (.*)$')
redis.call('HSET', KEYS[1], name, token .. ' ' .. whole(ms + ttl) .. ' ' .. by)
return 1
