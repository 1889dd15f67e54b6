-- (`0 - x`, not `-x`: Lua would write minus zero as "-0", which is no number to Redis.)
-- The one way into `done`, and the one way out of the store.
local placeOf = { queued = WAITING, delayed = DELAYED, running = LEASES }

-- A record of a sidecar from before `u`: its keys live as long as they did, and are given their time anew at its end.
local function untilOf(value) return tonumber(value or '0') end

-- What `finish` has to know of a record: state, payload bytes, answer and stream bytes, webhook, until when its key lives, error.
local function read(id)
  local r = redis.call('HMGET', recordKey(id), 's', 'b', 'a', 'w', 'u', 'e')
  return { state = r[1], payload = tonumber(r[2]), answer = tonumber(r[3] or '0'), webhook = r[4], untilMs = untilOf(r[5]),
    hasStream = r[3] and true, err = r[6] }
end

-- The caller has checked that the record exists and is not done. `token` stays with the record where its holder ended it,
-- so that the holder's repeated call is known as its own; empty where somebody else did. `answer`: where the request was
-- answered and that is kept; it takes the payload's place.
local function finish(id, r, outcome, err, token, answer)
  local key, removeAt, held = recordKey(id), now + retention, r.answer
  drop(placeOf[r.state], id)
  drop(DEADLINES, id)
  if outcome == 'failed' then
    held = held + r.payload
    later('PEXPIREAT', payloadKey(id), whole(removeAt))
    index(DEAD, whole(now), id)
  else
    addBytes(0 - r.payload)
    if answer then
      later('SET', payloadKey(id), answer, 'PXAT', whole(removeAt))
    else
      free(payloadKey(id))
    end
  end
  later('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', whole(now), 'rm', whole(removeAt), 'held', whole(held))
  if removeAt > r.untilMs or r.hasStream then
    later('PEXPIREAT', key, whole(removeAt))
    later('PEXPIREAT', streamKey(id), whole(removeAt))
  end
  extendHorizon(removeAt)
  index(RETAINED, whole(removeAt), whole(held) .. ':' .. id)
  if r.webhook then
    index(HOOKS, whole(now), id)
    redis.call('PUBLISH', base .. ':hooks!', '')
  end
  changed(id)
end

local function expire(id, r)
  local err = 'expired: not finished within its time to live'
  if r.err and r.err ~= '' then err = err .. '; last try: ' .. r.err end
  finish(id, r, 'expired', err, '')
end

-- Removes a done record and all that belongs to it.
local function forget(id, held)
  drop(RETAINED, held .. ':' .. id)
  drop(DEAD, id)
  drop(HOOKS, id)
  for _, key in ipairs({ recordKey(id), payloadKey(id), streamKey(id) }) do free(key) end
  addBytes(0 - tonumber(held))
  changed(id)
end
