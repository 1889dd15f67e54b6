-- Puts one submission in line, or says why not. Shared by submit and replay.
-- The first write is HSET, which Redis refuses when its memory is full: new work is refused whole, never in part.
local seq, bytes, acceptedCount = tonumber(shared[2] or '0'), tonumber(shared[3] or '0'), 0
local waiting = redis.call('ZCARD', WAITING)
local queued = waiting + redis.call('ZCARD', DELAYED)

-- Ids are looked up all at once: mostly none of them is known.
local areAllNew, accepted = false, {}
local function lookUp(ids)
  local keys = {}
  for i, id in ipairs(ids) do keys[i] = recordKey(id) end
  areAllNew = redis.call('EXISTS', unpack(keys)) == 0
end

-- What is already there under this id: repeated, duplicate or conflict; nothing where the way is free.
local function known(key, item)
  if areAllNew and not accepted[item.id] then return nil end
  local r = redis.call('HMGET', key, 'h', 'o', 'v', 'rm', 'q', 'held')
  if not r[1] then return nil end
  if r[4] and tonumber(r[4]) <= now then
    forget(item.id, r[6])
    bytes = bytes - tonumber(r[6])
    -- Now, or its removal would take the new record along.
    settle()
    return nil
  end
  if r[3] == item.token then return 'accepted', redis.call('ZCOUNT', WAITING, '-inf', '(' .. r[5]) end
  if r[1] == item.fingerprint and (r[2] or '') == item.owner then return 'duplicate', 0 end
  return 'conflict', 0
end

local function accept(limits, item)
  local key = recordKey(item.id)
  local outcome, number = known(key, item)
  if outcome then return outcome, number end
  local size = #item.payload
  if queued >= limits.queue then return 'full', queued end
  if item.reachable >= 0 and queued > item.reachable then return 'unreachable', queued end
  if limits.bytes > 0 and bytes + size > limits.bytes then return 'quota_exceeded', bytes end

  seq = seq + 1
  local deadline = whole(now + item.ttl)
  local removeAt = now + item.ttl + retention
  local fields = { 's', 'queued', 'm', item.mode, 'h', item.fingerprint, 'v', item.token, 'q', whole(seq), 'c', whole(now),
    'd', deadline, 'u', whole(removeAt), 'b', size }
  if item.owner ~= '' then fields[#fields + 1] = 'o'; fields[#fields + 1] = item.owner end
  if item.webhook ~= '' then fields[#fields + 1] = 'w'; fields[#fields + 1] = item.webhook end
  redis.call('HSET', key, unpack(fields))
  redis.call('PEXPIREAT', key, whole(removeAt))
  redis.call('SET', payloadKey(item.id), item.payload, 'PXAT', whole(removeAt))
  extendHorizon(removeAt)
  addBytes(size)
  bytes = bytes + size
  index(DEADLINES, deadline, item.id)
  index(WAITING, whole(seq), item.id)
  accepted[item.id] = true
  acceptedCount = acceptedCount + 1
  queued = queued + 1
  return 'accepted', queued - 1
end

local function settleAccepted()
  if acceptedCount > 0 then later('HSET', base, 'seq', whole(seq)) end
  settle()
  if acceptedCount > 0 and waiting == 0 then redis.call('PUBLISH', base .. ':work', '') end
end
