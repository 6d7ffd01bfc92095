-- Reads what a Put needs to know and reserves numbers for the keys it does not know.
-- KEYS: 1 leases, 2 record of the source, 3 native keys, 4 ledger, 5 ids, 6 meta, then topics of groups.
-- ARGV: lease name, token, n native keys..., m former keys..., i hashes of IDs..., then for each group: n fields...
-- Answers {second, record, counters, last reserved number or 0, members, entries, members of former keys, their
-- entries, holders of the IDs, {topics of group...}}, or -1 for a stale lease.
local function hmget(key, n)
  local out = {}
  if n > 0 then
    out = redis.call('HMGET', key, unpack(ARGV, at, at + n - 1))
    at = at + n
  end
  return out
end

local function entries(members)
  local ask, where = {}, {}
  for j, m in ipairs(members) do
    if m then
      ask[#ask + 1] = m
      where[#where + 1] = j
    end
  end
  local out = {}
  for j = 1, #members do
    out[j] = false
  end
  if #ask > 0 then
    for j, e in ipairs(redis.call('HMGET', KEYS[4], unpack(ask))) do
      out[where[j]] = e
    end
  end
  return out
end

local lease, token = take(), take()
if not fresh(redis.call('HGET', KEYS[1], lease), token) then
  return -1
end
local members = hmget(KEYS[3], number())
local formers = hmget(KEYS[3], number())
local ids = hmget(KEYS[5], number())
local topics = {}
for g = 7, #KEYS do
  topics[#topics + 1] = hmget(KEYS[g], number())
end
local missing = 0
for j = 1, #members do
  if not members[j] then
    missing = missing + 1
  end
end
local last = 0
if missing > 0 then
  last = redis.call('HINCRBY', KEYS[6], 'seq', missing)
end
return {
  now,
  redis.call('HMGET', KEYS[2], 'no', 'baseline', 'retired'),
  redis.call('HMGET', KEYS[6], 'topics', 'labels', 'sources'),
  last, members, entries(members), formers, entries(formers), ids, topics,
}
