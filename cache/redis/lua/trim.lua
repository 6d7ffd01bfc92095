-- Drops the oldest entries of the log. KEYS: 1 log, 2 meta.
-- ARGV: most entries to keep, most seconds to keep them, most to drop now. Answers how many were dropped.
local keep, age, most = number(), number(), number()
local n = redis.call('XLEN', KEYS[1])
local drop = math.min(math.max(n - keep, 0), most)
if drop < most then
  -- "(" needs Redis 6.2; the end is exclusive: an entry of exactly that age stays.
  local old = redis.call('XRANGE', KEYS[1], '-', '(' .. whole(ms - age * 1000) .. '-0', 'COUNT', most)
  drop = math.max(drop, #old)
end
if drop == 0 then
  return 0
end
local last = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', drop)[drop][1]
redis.call('HSET', KEYS[2], 'trimmed', last)
redis.call('XTRIM', KEYS[1], 'MAXLEN', n - drop)
return drop
