-- Stands before every script. ARGV[1] is added to the server's clock (tests turn the clock with it); the other
-- arguments are taken in order.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(ARGV[1])
local ms = now * 1000 + math.floor(tonumber(clock[2]) / 1000)
local at = 2

local function take()
  at = at + 1
  return ARGV[at - 1]
end

local function number()
  return tonumber(take())
end

-- whole writes a number without exponent.
local function whole(n)
  return string.format('%.0f', n)
end

-- fresh says whether a lease record is that of this token and still runs.
local function fresh(record, token)
  if not record then
    return false
  end
  local mine, till = string.match(record, '^(%d+) (%d+)')
  return mine == token and tonumber(till) > ms
end
