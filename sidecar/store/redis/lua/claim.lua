-- Gives a replica the first requests in line, each under a lease.
-- ARGV: now, retention, most requests, token, length of lease, token of a claim whose reply was lost (or empty), most bytes
-- Returns {1 if more is due, requests found expired, time, then for each claim: id, its head and names, the record as it is stored}.
--   Nothing where something is not plain (a lost claim, a backoff that is over, a request that is past its deadline, gone from Redis or
--   a former sidecar's): claim-any is to be asked.
-- Guarantee: a request leaves the line and gets its lease in one step. If the reply is lost, naming its token in the next
-- claim gives the same requests again without another attempt; if the replica dies, the sweep takes them back.
--@include clock
--@include layout
local most, token, room = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[7])
local waiting = base .. ':waiting'
if ARGV[6] ~= '' then return false end
local nowText, leaseEnd = string.format('%d', now), string.format('%d', now + tonumber(ARGV[5]))
if #redis.call('ZRANGEBYSCORE', base .. ':delayed', '-inf', nowText, 'LIMIT', 0, 1) > 0 then return false end
local entries = redis.call('ZRANGE', waiting, 0, most - 1, 'WITHSCORES')
local ids, keys = {}, {}
for i = 1, #entries, 2 do
  local count = #ids + 1
  ids[count], keys[count] = entries[i], base .. ':r:' .. entries[i]
end
local reply, leases, holds = { 0, 0, nowText }, {}, {}
if #ids == 0 then return reply end
local due, horizon, bytes = redis.call('ZMSCORE', base .. ':deadlines', unpack(ids)), unpack(redis.call('HMGET', base, 'horizon', 'bytes'))
-- All at once only where all that is stored is less than may be given: Lua would hold it.
local records, taken = tonumber(bytes or '0') <= room and redis.call('MGET', unpack(keys)), {}
for i, id in ipairs(ids) do
  local stored
  if records then stored = records[i] else stored = redis.pcall('GET', keys[i]) end
  if type(stored) ~= 'string' then return false end
  local state, outcome, mode, seq, created, deadline, started, completed, removeAt, attempts, deliveries, streamHead, streamLast,
    streamSize, size, ownerSize, webhookSize, errorSize = struct.unpack(HEAD, stored)
  if seq == 0 then
    -- Its first claim: its numbers are in the indexes (layout.lua).
    local dueAt = tonumber(due[i] or '0')
    seq, created, deadline = tonumber(entries[2 * i]), dueAt - deadline, dueAt
  end
  if deadline <= now then return false end
  if i > 1 and size > room then break end
  room = room - size
  local lease = struct.pack(HEAD, 'r', outcome, mode, seq, created, deadline, now, completed, removeAt, attempts + 1, deliveries, streamHead,
    streamLast, streamSize, size, ownerSize, webhookSize, errorSize, token)
    .. string.sub(stored, HEAD_SIZE + 1, HEAD_SIZE + FINGERPRINT_SIZE + ownerSize + webhookSize)
  local last = #leases
  taken[i], leases[last + 1], leases[last + 2], holds[last + 1], holds[last + 2] = id, leaseEnd, id, id, lease
  last = #reply
  reply[last + 1], reply[last + 2], reply[last + 3] = id, lease, stored
end
redis.call('ZREM', waiting, unpack(taken))
local isFirst = redis.call('ZADD', base .. ':leases', unpack(leases)) == redis.call('ZCARD', base .. ':leases')
redis.call('HSET', base .. ':running', unpack(holds))
if isFirst then
  -- An index that was emptied is gone with its expiry.
  redis.call('PEXPIREAT', base .. ':leases', horizon or leaseEnd)
  redis.call('PEXPIREAT', base .. ':running', horizon or leaseEnd)
end
redis.call('PUBLISH', base .. ':changes', table.concat(taken, ' '))
reply[1] = redis.call('ZCARD', waiting) > 0 and 1 or 0
return reply
