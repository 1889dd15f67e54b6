-- Puts one submission in line, or says why not. Shared by submit and replay.
-- The first write is HSET, which Redis refuses when its memory is full: new work is refused whole, never in part.
local counters = redis.call('HMGET', base, 'seq', 'bytes')
local seq, bytes = tonumber(counters[1] or '0'), tonumber(counters[2] or '0')

local function accept(limits, item)
  local key = recordKey(item.id)
  local known = redis.call('HMGET', key, 'h', 'o', 'v', 'rm', 'q', 'held')
  if known[1] then
    if not known[4] or tonumber(known[4]) > now then
      if known[3] == item.token then return { 'accepted', redis.call('ZCOUNT', WAITING, '-inf', '(' .. known[5]) } end
      if known[1] == item.fingerprint and (known[2] or '') == item.owner then return { 'duplicate', 0 } end
      return { 'conflict', 0 }
    end
    forget(item.id, known[6])
    bytes = bytes - tonumber(known[6])
  end
  local waiting = redis.call('ZCARD', WAITING)
  local queued = waiting + redis.call('ZCARD', DELAYED)
  if queued >= limits.queue then return { 'full', queued } end
  if item.reachable >= 0 and queued > item.reachable then return { 'unreachable', queued } end
  if limits.bytes > 0 and bytes + item.size > limits.bytes then return { 'quota_exceeded', bytes } end

  seq = seq + 1
  bytes = bytes + item.size
  local deadline = now + item.ttl
  local removeAt = deadline + retention
  local fields = { 's', 'queued', 'm', item.mode, 'h', item.fingerprint, 'v', item.token, 'q', seq, 'c', now,
    'd', deadline, 'l', item.ttl, 'b', item.size }
  if item.owner ~= '' then fields[#fields + 1] = 'o'; fields[#fields + 1] = item.owner end
  if item.webhook ~= '' then fields[#fields + 1] = 'w'; fields[#fields + 1] = item.webhook end
  redis.call('HSET', key, unpack(fields))
  redis.call('PEXPIREAT', key, removeAt)
  redis.call('SET', payloadKey(item.id), item.payload, 'PXAT', removeAt)
  redis.call('HSET', base, 'seq', seq, 'bytes', bytes)
  extendHorizon(removeAt)
  index(DEADLINES, deadline, item.id)
  index(WAITING, seq, item.id)
  if waiting == 0 then redis.call('PUBLISH', base .. ':work', '') end
  return { 'accepted', queued }
end
