-- (`0 - x`, not `-x`: Lua would write minus zero as "-0", which is no number to Redis.)
-- The one way into `done`, and the one way out of the store.
local placeOf = { q = WAITING, d = DELAYED, r = LEASES }

-- The caller has read the record and checked that it is not done. `token` stays with the record where its holder ended it, so
-- that the holder's repeated call is known as its own; NO_TOKEN where somebody else did. `answer`: where the request was answered
-- and that is kept. Of a dead letter the payload stays.
local function finish(id, r, outcome, err, token, answer)
  local key, removeAt = recordKey(id), now + retention
  local hasStream = r.streamLast > 0
  drop(placeOf[r.state], id)
  drop(DEADLINES, id)
  r.state, r.outcome, r.token, r.completed, r.removeAt, r.errorSize = 'x', outcome, token, now, removeAt, #err
  if outcome == 'f' then
    later('SETRANGE', key, HEAD_SIZE + r.namesSize + r.size, err)
    later('SETRANGE', key, 0, head(r))
    later('PEXPIREAT', key, whole(removeAt))
    index(DEAD, whole(now), id)
  else
    local content = answer or ''
    addBytes(#content - r.size)
    r.size = #content
    later('SET', key, head(r) .. r.names .. content .. err, 'PXAT', whole(removeAt))
  end
  if r.isHeld then release(id) end
  if hasStream then later('PEXPIREAT', streamKey(id), whole(removeAt)) end
  extendHorizon(removeAt)
  index(KEPT, whole(removeAt), whole(r.size + r.streamSize) .. ':1:' .. whole(r.seq))
  if r.webhookSize > 0 then
    index(HOOKS, whole(now), id)
    redis.pcall('PUBLISH', base .. ':hooks!', '')
  end
  changed(id)
end

local function expire(id, r)
  local err = 'expired: not finished within its time to live'
  if r.errorSize > 0 then err = err .. '; last try: ' .. errorOf(id, r) end
  finish(id, r, 'e', err, NO_TOKEN)
end

-- Removes a done record and all that belongs to it, before its retention is over or swept up.
local function forget(id, r)
  local held = whole(r.size + r.streamSize)
  -- It is counted with others there: this takes it off again.
  index(KEPT, whole(r.removeAt), '-' .. held .. ':-1:' .. whole(r.seq))
  drop(DEAD, id)
  drop(HOOKS, id)
  free(recordKey(id))
  free(streamKey(id))
  addBytes(0 - tonumber(held))
  changed(id)
end
