-- Applies a prepared write, or nothing of it.
-- KEYS: 1 leases, 2 record of the source, 3 versions, 4 log, then those that conditions and effects name by number.
-- ARGV: lease name (empty: not fenced), token, nonce of this commit (empty: repeating it is harmless), latest second;
--   conditions: how many, then each: 'h' key n fields... values... (empty: absent) | 'z' key n members...
--   versions to move: how many lists, then each: n topics...
--   log entries: n payloads...
--   effects: how many, then each: command key n arguments...
-- Answers 1 done, 0 a fact moved or the write is too old: prepare anew, -1 stale lease.
local lease, token, nonce, latest = take(), take(), take(), number()
if nonce ~= '' and redis.call('HGET', KEYS[2], 'op') == nonce then
  return 1
end
if lease ~= '' and not fresh(redis.call('HGET', KEYS[1], lease), token) then
  return -1
end
if now > latest then
  return 0
end
for _ = 1, number() do
  local kind, key, n = take(), KEYS[number()], number()
  if kind == 'h' then
    local got = redis.call('HMGET', key, unpack(ARGV, at, at + n - 1))
    at = at + n
    for j = 1, n do
      if (got[j] or '') ~= ARGV[at + j - 1] then
        return 0
      end
    end
  else
    local got = redis.call('ZMSCORE', key, unpack(ARGV, at, at + n - 1))
    for j = 1, n do
      if not got[j] then
        return 0
      end
    end
  end
  at = at + n
end

-- Nothing was written so far. When memory is full Redis refuses the first write, then lets a script end.
if nonce ~= '' then
  redis.call('HSET', KEYS[2], 'op', nonce)
end
for _ = 1, number() do
  local n = number()
  local old = redis.call('HMGET', KEYS[3], unpack(ARGV, at, at + n - 1))
  local set = {}
  for j = 1, n do
    local count, changed = 0, now
    if old[j] then
      local c, s = string.match(old[j], '^(%d+) (%d+)$')
      count, changed = tonumber(c), math.max(tonumber(s), now)
    end
    set[2 * j - 1] = ARGV[at + j - 1]
    set[2 * j] = whole(count + 1) .. ' ' .. whole(changed)
  end
  redis.call('HSET', KEYS[3], unpack(set))
  at = at + n
end
local id = '*'
if ARGV[1] ~= '0' then
  id = whole(ms) .. '-*'
end
for _ = 1, number() do
  redis.call('XADD', KEYS[4], id, 'd', take())
end
for _ = 1, number() do
  local command, key, n = take(), KEYS[number()], number()
  redis.call(command, key, unpack(ARGV, at, at + n - 1))
  at = at + n
end
return 1
