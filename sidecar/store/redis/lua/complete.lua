-- Stores a batch of answers.
-- ARGV: now, retention, what is to be known of each, then the finished record of each (layout.lua). Known of each, one behind the
--   other: sizes of id and of content, bytes it takes more than before, token, id
-- Returns 1 or ? for each, as one text. ?: its lease was lost, or it has a recorded stream; nothing was written, ask complete-any.
-- Guarantee: only the holder of the lease writes, once; its repeated call changes nothing and says 1.
--@include clock
--@include shared
--@include layout
--@include departures
local facts, at, ids, tokens, sizes, more = ARGV[3], 1, {}, {}, {}, {}
for i = 1, #ARGV - 3 do
  local idSize, next
  idSize, sizes[i], more[i], tokens[i], next = struct.unpack('<HI4i4c36', facts, at)
  at = next + idSize
  ids[i] = string.sub(facts, next, at - 1)
end
local leases, replies, ended, records, held, addedBytes = redis.call('HMGET', base .. ':running', unpack(ids)), {}, {}, {}, 0, 0
local neededUntil, seqOfOne, done = now + retention, nil, {}
local removeAt = string.format('%d', neededUntil)
for i, id in ipairs(ids) do
  local lease = leases[i]
  replies[i] = '?'
  if lease and not done[id] and string.sub(lease, HEAD_SIZE - TOKEN_SIZE + 1, HEAD_SIZE) == tokens[i] and string.sub(lease, 60, 63) == NO_STREAM then
    seqOfOne = seqOfOne or struct.unpack('<d', lease, 4)
    local count = #ended + 1
    replies[i], ended[count], records[count], held, addedBytes = '1', id, ARGV[i + 3], held + sizes[i], addedBytes + more[i]
    done[id] = true
  end
end
if #ended == 0 then return table.concat(replies) end
-- Removals go first: Redis allows them when its memory is full, and then the rest of the step too, so that what is in can be finished.
redis.call('ZREM', base .. ':leases', unpack(ended))
redis.call('ZREM', base .. ':deadlines', unpack(ended))
redis.call('HDEL', base .. ':running', unpack(ended))
for i, id in ipairs(ended) do redis.call('SET', base .. ':r:' .. id, records[i], 'PXAT', removeAt) end
--@include extend
redis.call('ZADD', base .. ':kept', removeAt, string.format('%d:%d:%d', held, #ended, seqOfOne))
-- An index that was emptied is gone with its expiry.
if redis.call('ZCARD', base .. ':kept') == 1 then redis.call('PEXPIREAT', base .. ':kept', string.format('%d', horizon)) end
if addedBytes ~= 0 then redis.call('HINCRBY', base, 'bytes', string.format('%d', addedBytes)) end
redis.call('PUBLISH', base .. ':changes', table.concat(ended, ' '))
departed(#ended)
return table.concat(replies)
