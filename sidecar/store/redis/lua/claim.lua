-- Gives a replica the first requests in line, each under a lease.
-- ARGV: now, retention, most requests, token, length of lease, token of a claim whose reply was lost (or empty), most bytes
-- Returns {1 if more is due, requests found expired, time, then for each claim: id, attempt, deadline, created, mode, owner, webhook, payload}.
-- Guarantee: a request leaves the line and gets its lease in one step. If the reply is lost, naming its token in the next
-- claim gives the same requests again without another attempt; if the replica dies, the sweep takes them back.
--@include keys
--@include horizon
--@include line
--@include finish
local most, token, leaseMs, lostToken, room = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7])
local reply, found, expired = { 0, 0, now }, 0, 0

local function give(id, attempt, r)
  found = found + 1
  room = room - tonumber(r[6])
  for _, value in ipairs({ id, attempt, r[1], r[2], r[3], r[4] or '', r[5] or '', redis.call('GET', payloadKey(id)) or '' }) do
    reply[#reply + 1] = value
  end
end

if lostToken ~= '' then
  redis.call('ZREM', LEASES, '')
  for _, id in ipairs(redis.call('ZRANGE', LEASES, 0, -1)) do
    local key = recordKey(id)
    if redis.call('HGET', key, 'k') ~= lostToken then
      -- another claim's
    elseif found < most then
      redis.call('HSET', key, 'k', token)
      index(LEASES, now + leaseMs, id)
      give(id, redis.call('HGET', key, 'n'), redis.call('HMGET', key, 'd', 'c', 'm', 'o', 'w', 'b'))
    else
      redis.call('ZREM', LEASES, id)
      redis.call('HSET', key, 's', 'queued', 'k', '')
      redis.call('HINCRBY', key, 'n', -1)
      enqueue(id, redis.call('HGET', key, 'q'))
    end
  end
end

releaseDelayed(100)
while found < most and expired < 100 do
  local id = redis.call('ZRANGE', WAITING, 0, 0)[1]
  if not id then break end
  local key = recordKey(id)
  local r = redis.call('HMGET', key, 'd', 'c', 'm', 'o', 'w', 'b', 'n', 'e')
  if not r[1] then
    redis.call('ZREM', WAITING, id)
  elseif tonumber(r[1]) <= now then
    expire(id, r[8])
    expired = expired + 1
  elseif found > 0 and tonumber(r[6]) > room then
    break
  else
    local attempt = tonumber(r[7] or '0') + 1
    redis.call('ZREM', WAITING, id)
    redis.call('HSET', key, 's', 'running', 'k', token, 'n', attempt, 'st', now)
    index(LEASES, now + leaseMs, id)
    changed(id)
    give(id, attempt, r)
  end
end
reply[1] = redis.call('ZCARD', WAITING) > 0 and 1 or 0
reply[2] = expired
return reply
