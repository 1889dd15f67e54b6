-- Gives a replica the first requests in line, each under a lease.
-- ARGV: now, retention, most requests, token, length of lease, token of a claim whose reply was lost (or empty), most bytes
-- Returns {1 if more is due, ids of requests found expired, time, then for each claim: id, its head and names, the record as it is stored}.
--   Nothing where something is not plain (a lost claim, a backoff that is over, a request that is past its deadline or gone from
--   Redis): claim-any is to be asked.
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
local reply = { 0, {}, nowText }
if #entries == 0 then return reply end
local keys, count = {}, #entries / 2
for i = 1, count do keys[i] = base .. ':r:' .. entries[2 * i - 1] end
local horizon, bytes = unpack(redis.call('HMGET', base, 'horizon', 'bytes'))
-- All at once only where all that is stored is less than may be given: Lua would hold it.
local records = tonumber(bytes or '0') <= room and redis.call('MGET', unpack(keys))
local taken, leases, holds, last, lastReply = {}, {}, {}, 0, 3
local started = struct.pack('<d', now)
for i = 1, count do
  local id, stored = entries[2 * i - 1]
  if records then stored = records[i] else stored = redis.call('GET', keys[i]) end
  if not stored then return false end
  local seq, created, deadline = struct.unpack('<ddd', stored, SEQ_AT)
  local size, ownerSize, webhookSize = struct.unpack('<I4HH', stored, SIZE_AT)
  local names = string.sub(stored, HEAD_SIZE + 1, HEAD_SIZE + FINGERPRINT_SIZE + ownerSize + webhookSize)
  local lease
  if seq == 0 then
    seq = tonumber(entries[2 * i])
    created = math.floor(seq / SEQ_PER_MS)
    deadline = created + deadline
    lease = 'r' .. string.sub(stored, 2, 3) .. struct.pack('<dddd', seq, created, deadline, now) .. FIRST_ATTEMPT
      .. string.sub(stored, SIZE_AT, TOKEN_AT - 1) .. token .. names
  else
    lease = 'r' .. string.sub(stored, 2, STARTED_AT - 1) .. started .. string.sub(stored, COMPLETED_AT, ATTEMPTS_AT - 1)
      .. struct.pack('<H', struct.unpack('<H', stored, ATTEMPTS_AT) + 1) .. string.sub(stored, ATTEMPTS_AT + 2, TOKEN_AT - 1) .. token .. names
  end
  if deadline <= now then return false end
  if i > 1 and size > room then break end
  room = room - size
  taken[i], leases[last + 1], leases[last + 2], holds[last + 1], holds[last + 2] = id, leaseEnd, id, id, lease
  last = last + 2
  reply[lastReply + 1], reply[lastReply + 2], reply[lastReply + 3] = id, lease, stored
  lastReply = lastReply + 3
end
redis.call('ZREM', waiting, unpack(taken))
local isFirst = redis.call('ZADD', base .. ':leases', unpack(leases)) == redis.call('ZCARD', base .. ':leases')
redis.call('HSET', base .. ':running', unpack(holds))
if isFirst then
  -- An index that was emptied is gone with its expiry.
  redis.call('PEXPIREAT', base .. ':leases', horizon or leaseEnd)
  redis.call('PEXPIREAT', base .. ':running', horizon or leaseEnd)
end
redis.pcall('PUBLISH', base .. ':changes', table.concat(taken, ' '))
reply[1] = redis.call('ZCARD', waiting) > 0 and 1 or 0
return reply
