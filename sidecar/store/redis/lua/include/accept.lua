-- Puts a submission in line, or says why not, whatever is there (submit.lua is the plain way).
-- The first write is SET, which Redis refuses when its memory is full: new work is refused whole, never in part.
local seq, bytes, acceptedCount = tonumber(shared[2] or '0'), tonumber(shared[3] or '0'), 0
local waiting = redis.call('ZCARD', WAITING)
local queued = waiting + redis.call('ZCARD', DELAYED)
local mostQueued, mostBytes = tonumber(ARGV[3]), tonumber(ARGV[4])

-- What is already there under this id: duplicate or conflict; nothing where the way is free.
local function known(id, text, ownerSize)
  local r = read(id)
  if not r then return nil end
  if isGone(r) then
    forget(id, r)
    bytes = bytes - r.size - r.streamSize
    -- Now, or its removal would take the new record along.
    settle()
    return nil
  end
  if r.state == 'q' and r.seq == 0 then
    -- Half accepted: a right was taken from the user in the middle of a step. Nobody was told that it was accepted.
    redis.call('UNLINK', recordKey(id))
    return nil
  end
  local size = FINGERPRINT_SIZE + ownerSize
  local names = string.sub(text, HEAD_SIZE + 1, HEAD_SIZE + size)
  return r.ownerSize == ownerSize and string.sub(r.names, 1, size) == names and 'duplicate' or 'conflict'
end

local function refusal(size, reachable)
  if queued >= mostQueued then return 'full', queued end
  if reachable >= 0 and queued > reachable then return 'unreachable', queued end
  if mostBytes > 0 and bytes + size > mostBytes then return 'quota_exceeded', bytes end
end

-- `text`: the record. `size`: of its content. Times in ms; `reachable`: the longest line in which it makes its deadline (-1: any).
local function accept(id, text, timeToLive, reachable, size, ownerSize)
  local deadline = now + timeToLive
  local removeAt = whole(deadline + retention)
  if refusal(size, reachable) or not redis.call('SET', RECORD .. id, text, 'NX', 'PXAT', removeAt) then
    local outcome, number = known(id, text, ownerSize), 0
    if not outcome then outcome, number = refusal(size, reachable) end
    if outcome then return outcome, number end
    redis.call('SET', RECORD .. id, text, 'NX', 'PXAT', removeAt)
  end
  seq = math.max(seq + 1, now * SEQ_PER_MS)
  extendHorizon(deadline + retention)
  bytes = bytes + size
  index(DEADLINES, whole(deadline), id)
  index(WAITING, whole(seq), id)
  acceptedCount = acceptedCount + 1
  queued = queued + 1
  return 'accepted', queued - 1
end

local function settleAccepted()
  settle()
  if acceptedCount == 0 then return end
  redis.call('HSET', base, 'seq', whole(seq), 'bytes', whole(bytes))
  if waiting == 0 then redis.pcall('PUBLISH', base .. ':work', '') end
end
