-- (`0 - x`, not `-x`: Lua would write minus zero as "-0", which is no number to Redis.)
-- The one way into `done`, and the one way out of the store. Their first write is a removal: Redis allows that when its
-- memory is full, and then the rest of the script too, so that what is in can always be finished.

-- The caller has checked that the record exists and is not done. `token` stays with the record where its holder ended it,
-- so that the holder's repeated call is known as its own; empty where somebody else did.
local function finish(id, outcome, err, token, keepPayload)
  for _, set in ipairs({ LEASES, DEADLINES, WAITING, DELAYED }) do redis.call('ZREM', set, id) end
  local key = recordKey(id)
  local r = redis.call('HMGET', key, 'b', 'a', 'w')
  local held = tonumber(r[2] or '0')
  local removeAt = now + retention
  if keepPayload then
    held = held + tonumber(r[1])
    redis.call('PEXPIREAT', payloadKey(id), removeAt)
  else
    redis.call('UNLINK', payloadKey(id))
    redis.call('HINCRBY', base, 'bytes', 0 - tonumber(r[1]))
  end
  redis.call('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', now, 'rm', removeAt, 'held', held)
  redis.call('PEXPIREAT', key, removeAt)
  if r[2] then redis.call('PEXPIREAT', streamKey(id), removeAt) end
  extendHorizon(removeAt)
  index(RETAINED, removeAt, held .. ':' .. id)
  if outcome == 'failed' then index(DEAD, now, id) end
  if r[3] then
    index(HOOKS, now, id)
    redis.call('PUBLISH', base .. ':hooks!', '')
  end
  changed(id)
  return removeAt
end

local function expire(id, lastError)
  local err = 'expired: not finished within its time to live'
  if lastError and lastError ~= '' then err = err .. '; last try: ' .. lastError end
  finish(id, 'expired', err, '', false)
end

-- Removes a done record and all that belongs to it.
local function forget(id, held)
  redis.call('ZREM', RETAINED, held .. ':' .. id)
  redis.call('ZREM', DEAD, id)
  redis.call('ZREM', HOOKS, id)
  redis.call('UNLINK', recordKey(id), payloadKey(id), answerKey(id), streamKey(id))
  redis.call('HINCRBY', base, 'bytes', 0 - tonumber(held))
  changed(id)
end
