-- Puts one submission in line, or says why not. Shared by submit and replay.
-- The first write is SET, which Redis refuses when its memory is full: new work is refused whole, never in part.
local seq, bytes, acceptedCount = tonumber(shared[2] or '0'), tonumber(shared[3] or '0'), 0
local waiting = redis.call('ZCARD', WAITING)
local queued = waiting + redis.call('ZCARD', DELAYED)
-- Joining head and content in Lua copies both: nothing for a small one, much for a large one.
local LARGE = 65536

-- What is already there under this id: duplicate or conflict; nothing where the way is free.
local function known(item)
  local r = peek(item.id)
  if not r then return nil end
  if isGone(r) then
    forget(item.id, heldBy(r))
    bytes = bytes - r.size - r.streamSize
    if r.whole then free(base .. ':p:' .. item.id) end
    -- Now, or its removal would take the new record along.
    settle()
    return nil
  end
  if r.whole and r.state == 'q' and not redis.call('ZSCORE', WAITING, item.id) then
    -- Half accepted: a former sidecar's batch failed on one of our records (former.lua). Nobody was told that it was accepted.
    redis.call('UNLINK', recordKey(item.id), base .. ':p:' .. item.id)
    return nil
  end
  local size = FINGERPRINT_SIZE + item.ownerSize
  local isSame = r.ownerSize == item.ownerSize and string.sub(r.text, 1, size) == string.sub(item.text, 1, size)
  return isSame and 'duplicate' or 'conflict', 0
end

local function refusal(limits, item)
  if queued >= limits.queue then return 'full', queued end
  if item.reachable >= 0 and queued > item.reachable then return 'unreachable', queued end
  if limits.bytes > 0 and bytes + item.size > limits.bytes then return 'quota_exceeded', bytes end
end

-- False where something is there already.
local function put(item, removeAt)
  local key, first = recordKey(item.id), struct.pack(HEAD, 'q', '-', item.mode, seq + 1, now, now + item.ttl, 0, 0, 0, 0, 0, 0, 0, 0,
    item.size, item.ownerSize, item.webhookSize, 0, NO_TOKEN)
  if #item.text <= LARGE then return redis.call('SET', key, first .. item.text, 'NX', 'PXAT', removeAt) end
  if not redis.call('SET', key, first, 'NX', 'PXAT', removeAt) then return false end
  redis.call('APPEND', key, item.text)
  return true
end

-- `text`: fingerprint, owner, webhook and payload.
local function accept(limits, item)
  local removeAt = now + item.ttl + retention
  if refusal(limits, item) or not put(item, whole(removeAt)) then
    local outcome, number = known(item)
    if outcome then return outcome, number end
    outcome, number = refusal(limits, item)
    if outcome then return outcome, number end
    put(item, whole(removeAt))
  end
  seq = seq + 1
  extendHorizon(removeAt)
  bytes = bytes + item.size
  index(DEADLINES, whole(now + item.ttl), item.id)
  index(WAITING, whole(seq), item.id)
  acceptedCount = acceptedCount + 1
  queued = queued + 1
  return 'accepted', queued - 1
end

local function settleAccepted()
  settle()
  if acceptedCount == 0 then return end
  redis.call('HSET', base, 'seq', whole(seq), 'bytes', whole(bytes))
  if waiting == 0 then redis.call('PUBLISH', base .. ':work', '') end
end
