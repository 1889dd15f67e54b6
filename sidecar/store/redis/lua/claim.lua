-- Gives a replica the first requests in line, each under a lease.
-- ARGV: now, retention, most requests, token, length of lease, token of a claim whose reply was lost (or empty), most bytes
-- Returns {1 if more is due, requests found expired, time, then for each claim: id, attempt, deadline, created, mode, owner, webhook, payload}.
-- Guarantee: a request leaves the line and gets its lease in one step. If the reply is lost, naming its token in the next
-- claim gives the same requests again without another attempt; if the replica dies, the sweep takes them back.
--@include keys
--@include horizon
--@include gather
--@include line
--@include finish
local most, token, lostToken, room = tonumber(ARGV[3]), ARGV[4], ARGV[6], tonumber(ARGV[7])
local leaseEnd = whole(now + tonumber(ARGV[5]))
local reply, payloadKeys, found, expired, isFull = { 0, 0, now }, {}, 0, 0, false

local function give(id, attempt, r)
  found = found + 1
  room = room - tonumber(r[6])
  index(LEASES, leaseEnd, id)
  payloadKeys[found] = payloadKey(id)
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = id, attempt, r[1], r[2]
  reply[at + 5], reply[at + 6], reply[at + 7], reply[at + 8] = r[3], r[4] or '', r[5] or '', ''
end

local function giveAgain()
  drop(LEASES, '')
  for _, id in ipairs(redis.call('ZRANGE', LEASES, 0, -1)) do
    local key = recordKey(id)
    if redis.call('HGET', key, 'k') ~= lostToken then
      -- another claim's
    elseif found < most then
      later('HSET', key, 'k', token)
      give(id, redis.call('HGET', key, 'n'), redis.call('HMGET', key, 'd', 'c', 'm', 'o', 'w', 'b'))
    else
      drop(LEASES, id)
      later('HSET', key, 's', 'queued', 'k', '')
      later('HINCRBY', key, 'n', -1)
      enqueue(id, redis.call('HGET', key, 'q'))
    end
  end
  settleLine()
end

local function take(id)
  local key = recordKey(id)
  local r = redis.call('HMGET', key, 'd', 'c', 'm', 'o', 'w', 'b', 'n')
  if not r[1] then
    drop(WAITING, id)
  elseif tonumber(r[1]) <= now then
    expire(id, read(id))
    expired = expired + 1
  elseif found > 0 and tonumber(r[6]) > room then
    isFull = true
  else
    local attempt = tonumber(r[7] or '0') + 1
    drop(WAITING, id)
    later('HSET', key, 's', 'running', 'k', token, 'n', whole(attempt), 'st', whole(now))
    changed(id)
    give(id, attempt, r)
  end
end

if lostToken ~= '' then giveAgain() end
releaseDelayed(100)
while found < most and expired < 100 and not isFull do
  local ids = redis.call('ZRANGE', WAITING, 0, most - found - 1)
  if #ids == 0 then break end
  for _, id in ipairs(ids) do
    take(id)
    if isFull then break end
  end
  settle()
end
if found > 0 then
  for i, payload in ipairs(redis.call('MGET', unpack(payloadKeys))) do reply[3 + 8 * i] = payload or '' end
end
reply[1] = redis.call('ZCARD', WAITING) > 0 and 1 or 0
reply[2] = expired
return reply
