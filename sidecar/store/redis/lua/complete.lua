-- Stores a batch of answers.
-- ARGV: now, retention, what is to be known of each, then the answer of each. Known of each, one behind the other: sizes of id and token;
--   id, token
-- Returns 1 or 0 (lease lost, nothing written) for each, as one text.
-- Guarantee: only the holder of the lease writes, once; its repeated call changes nothing and says 1.
--@include keys
--@include horizon
--@include gather
--@include layout
--@include departures
local ids, tokens, facts, at = {}, {}, ARGV[3], 1
for i = 1, #ARGV - 3 do
  local idSize, tokenSize, next = struct.unpack('<HH', facts, at)
  ids[i], tokens[i] = string.sub(facts, next, next + idSize - 1), string.sub(facts, next + idSize, next + idSize + tokenSize - 1)
  at = next + idSize + tokenSize
end
local leases, replies, records, ended, count = redis.call('HMGET', RUNNING, unpack(ids)), {}, {}, {}, 0
local removeAt = now + retention

-- Not under this lease, or under one of a former sidecar; with a webhook or a recorded stream. Made only where it is needed.
local function unusual(id, token, answer)
--@include record
--@include finish
--@include holder
  local r = read(id)
  local where = judge(r, token)
  if where ~= 'holds' or ended[id] then return where == 'lost' and '0' or '1' end
  if r.streamHead == 0 and r.streamLast > 0 then
    -- A stream of an earlier attempt that broke off: this answer is not its end.
    free(streamKey(id))
    addBytes(0 - r.streamSize)
    r.streamSize, r.streamLast = 0, 0
  end
  finish(id, r, 'a', '', token, r.mode == 'a' and answer)
  ended[id], count = true, count + 1
  return '1'
end

local function complete(id, token, answer, lease)
  if not lease or ended[id] or string.sub(lease, HEAD_SIZE - TOKEN_SIZE + 1, HEAD_SIZE) ~= token then
    return unusual(id, token, answer)
  end
  local state, outcome, mode, seq, created, deadline, started, completed, gone, attempts, deliveries, streamHead, streamLast, streamSize,
    size, ownerSize, webhookSize = struct.unpack(HEAD, lease)
  if streamLast > 0 or webhookSize > 0 then return unusual(id, token, answer) end
  local content = mode == 'a' and answer or ''
  local at = #records
  records[at + 1], records[at + 2] = RECORD .. id, struct.pack(HEAD, 'x', 'a', mode, seq, created, deadline, started, now, removeAt, attempts,
    deliveries, 0, 0, 0, #content, ownerSize, 0, 0, token) .. string.sub(lease, HEAD_SIZE + 1) .. content
  drop(LEASES, id)
  drop(DEADLINES, id)
  release(id)
  addBytes(#content - size)
  index(RETAINED, whole(removeAt), whole(#content) .. ':' .. id)
  changed(id)
  ended[id], count = true, count + 1
  return '1'
end

for i, id in ipairs(ids) do replies[i] = complete(id, tokens[i], ARGV[i + 3], leases[i]) end
settleRemovals()
for i = 1, #records, 2 do redis.call('SET', records[i], records[i + 1], 'PXAT', whole(removeAt)) end
extendHorizon(removeAt)
settle()
if count > 0 then departed(count) end
return table.concat(replies)
