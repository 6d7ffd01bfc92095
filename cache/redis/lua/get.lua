-- Finds ledger entries by public ID. KEYS: 1 ids, 2 ledger. ARGV: n hashes...
-- Answers {member, entry, member, entry, ...} with nothing for both where an ID is unknown.
local n = number()
local members = redis.call('HMGET', KEYS[1], unpack(ARGV, at, at + n - 1))
local out = {}
for j = 1, n do
  out[2 * j - 1] = members[j]
  out[2 * j] = members[j] and redis.call('HGET', KEYS[2], members[j])
end
return out
