-- Gives a replica the first requests in line, each under a lease.
-- ARGV: now, retention, most requests, token, length of lease, token of a claim whose reply was lost (or empty), most bytes
-- Returns {1 if more is due, requests found expired, time, then for each claim: id, its head and names, the record as it is stored}.
-- Guarantee: a request leaves the line and gets its lease in one step. If the reply is lost, naming its token in the next
-- claim gives the same requests again without another attempt; if the replica dies, the sweep takes them back.
--@include keys
--@include horizon
--@include gather
--@include layout
local most, token, lostToken, room = tonumber(ARGV[3]), ARGV[4], ARGV[6], tonumber(ARGV[7])
local leaseEnd = whole(now + tonumber(ARGV[5]))
local reply, found, expired, isFull = { 0, 0, whole(now) }, 0, 0, false

local function give(id, size, headAndNames, stored)
  found = found + 1
  room = room - size
  index(LEASES, leaseEnd, id)
  hold(id, headAndNames)
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3] = id, headAndNames, stored
end

-- What is not the plain way: the claim whose reply was lost, backoffs that are over. Made only where it is needed (accept.lua says why).
local function returned()
--@include record
--@include line
  if lostToken ~= '' then
    drop(LEASES, '')
    for _, id in ipairs(redis.call('ZRANGE', LEASES, 0, -1)) do
      local r = peek(id)
      if not r or r.token ~= lostToken then
        -- another claim's
      elseif found < most then
        local _, stored = readWhole(id)
        r.token = token
        give(id, r.size, head(r) .. r.names, stored)
      else
        drop(LEASES, id)
        r.state, r.token, r.attempts = 'q', NO_TOKEN, r.attempts - 1
        write(id, r)
        enqueue(id, r)
      end
    end
    settleLine()
  end
  releaseDelayed(100)
end

-- One whose time is over, that Redis has expired, or that a former sidecar left; its record as it is now where it can be claimed.
local function unusual(id)
--@include record
--@include finish
  local r, stored = readWhole(id)
  if not r then
    drop(WAITING, id)
  elseif r.deadline <= now then
    expire(id, r)
    expired = expired + 1
  else
    return stored
  end
end

local function take(id, seq, due, stored)
  local state, outcome, mode, ownSeq, created, deadline, started, completed, removeAt, attempts, deliveries, streamHead, streamLast,
    streamSize, size, ownerSize, webhookSize, errorSize = struct.unpack(HEAD, stored)
  if ownSeq == 0 then seq, created, deadline = tonumber(seq), due - deadline, due else seq = ownSeq end
  if deadline <= now then return unusual(id) end
  if found > 0 and size > room then
    isFull = true
    return
  end
  drop(WAITING, id)
  changed(id)
  give(id, size, struct.pack(HEAD, 'r', outcome, mode, seq, created, deadline, now, completed, removeAt, attempts + 1, deliveries,
    streamHead, streamLast, streamSize, size, ownerSize, webhookSize, errorSize, token)
    .. string.sub(stored, HEAD_SIZE + 1, HEAD_SIZE + FINGERPRINT_SIZE + ownerSize + webhookSize), stored)
end

if lostToken ~= '' or redis.call('EXISTS', DELAYED) == 1 then returned() end
while found < most and expired < 100 and not isFull do
  local entries = redis.call('ZRANGE', WAITING, 0, most - found - 1, 'WITHSCORES')
  if #entries == 0 then break end
  local ids, keys = {}, {}
  for i = 1, #entries, 2 do
    local id = entries[i]
    ids[#ids + 1], keys[#keys + 1] = id, RECORD .. id
  end
  local records, due = redis.call('MGET', unpack(keys)), redis.call('ZMSCORE', DEADLINES, unpack(ids))
  for i, id in ipairs(ids) do
    local stored = records[i] or unusual(id)
    if stored then take(id, entries[2 * i], tonumber(due[i] or '0'), stored) end
    if isFull then break end
  end
  settle()
end
reply[1] = redis.call('ZCARD', WAITING) > 0 and 1 or 0
reply[2] = expired
return reply
