-- Reads one page of a topic. KEYS: 1 index, 2 ledger, 3 versions.
-- ARGV: topic, limit, second and member to continue behind (no second: from the first), where an entry has its nonce,
-- 1 for the oldest first.
-- Answers {version, member, second, nonce, member, ...}, at most limit + 1 items: one more says that there is more.
-- In place of its nonce there is the whole entry of an item that others add something to.
local topic, limit, second, behind, cut, rising = take(), number(), take(), take(), number(), number() == 1
local first = 0
if rising then
  first = redis.call('ZCARD', KEYS[1])
end
if second ~= '' then
  -- Of the members of that second, the newest first, skip those not older than behind; rising, those that are newer.
  first = redis.call('ZCOUNT', KEYS[1], '(' .. second, '+inf')
  local low, high = first, first + redis.call('ZCOUNT', KEYS[1], second, second)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local member = redis.call('ZREVRANGE', KEYS[1], middle, middle)[1]
    if member > behind or member == behind and not rising then
      low = middle + 1
    else
      high = middle
    end
  end
  first = low
end
local out = { redis.call('HGET', KEYS[3], topic) }
local got = {}
if not rising then
  got = redis.call('ZREVRANGE', KEYS[1], first, first + limit, 'WITHSCORES')
elseif first > 0 then
  -- Those before first, the nearest first.
  local newer = redis.call('ZREVRANGE', KEYS[1], math.max(0, first - limit - 1), first - 1, 'WITHSCORES')
  for j = #newer - 1, 1, -2 do
    got[#got + 1] = newer[j]
    got[#got + 1] = newer[j + 1]
  end
end
local members = {}
for j = 1, #got, 2 do
  members[#members + 1] = got[j]
end
if #members > 0 then
  local entries = redis.call('HMGET', KEYS[2], unpack(members))
  for j, e in ipairs(entries) do
    out[#out + 1] = members[j]
    out[#out + 1] = got[2 * j]
    e = e or ''
    if math.floor((string.byte(e) or 0) / 8) % 2 == 1 then
      out[#out + 1] = e
    else
      out[#out + 1] = string.sub(e, cut + 1, cut + 6)
    end
  end
end
return out
