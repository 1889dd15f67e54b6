-- Gives a replica the first requests in line, whatever is the matter with them: as claim.lua, which leaves to this step what is not plain.
--@include keys
--@include horizon
--@include gather
--@include record
--@include line
--@include finish
local most, token, lostToken, room = tonumber(ARGV[3]), ARGV[4], ARGV[6], tonumber(ARGV[7])
local leaseEnd = whole(now + tonumber(ARGV[5]))
local reply, found, expired, isFull = { 0, {}, whole(now) }, 0, {}, false

local function give(id, r, stored)
  found = found + 1
  room = room - r.size
  r.token = token
  write(id, r)
  index(LEASES, leaseEnd, id)
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3] = id, head(r) .. r.names, stored
end

local function giveAgain()
  drop(LEASES, '')
  for _, id in ipairs(redis.call('ZRANGE', LEASES, 0, -1)) do
    local r = read(id)
    if not r or r.token ~= lostToken then
      -- another claim's
    elseif found < most then
      local _, stored = readWhole(id)
      give(id, r, stored)
    else
      drop(LEASES, id)
      r.state, r.token, r.attempts = 'q', NO_TOKEN, r.attempts - 1
      write(id, r)
      enqueue(id, r)
    end
  end
  settleLine()
end

local function take(id)
  local r, stored = readWhole(id)
  if not r then
    drop(WAITING, id)
  elseif r.deadline <= now then
    expire(id, r)
    expired[#expired + 1] = id
  elseif found > 0 and r.size > room then
    isFull = true
  else
    drop(WAITING, id)
    r.state, r.attempts, r.started = 'r', r.attempts + 1, now
    changed(id)
    give(id, r, stored)
  end
end

if lostToken ~= '' then giveAgain() end
releaseDelayed(100)
while found < most and #expired < 100 and not isFull do
  local ids = redis.call('ZRANGE', WAITING, 0, most - found - 1)
  if #ids == 0 then break end
  for _, id in ipairs(ids) do
    take(id)
    if isFull then break end
  end
  settle()
end
reply[1] = redis.call('ZCARD', WAITING) > 0 and 1 or 0
reply[2] = expired
return reply
