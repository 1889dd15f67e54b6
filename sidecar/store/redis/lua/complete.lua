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
local leases, replies, ended, records, retained, addedBytes = redis.call('HMGET', base .. ':running', unpack(ids)), {}, {}, {}, {}, 0
local neededUntil = now + retention
local removeAt = string.format('%d', neededUntil)
for i, id in ipairs(ids) do
  local lease = leases[i]
  replies[i] = '?'
  if lease and string.sub(lease, HEAD_SIZE - TOKEN_SIZE + 1, HEAD_SIZE) == tokens[i] and string.sub(lease, 60, 63) == NO_STREAM then
    local count = #ended + 1
    replies[i], ended[count], records[count], addedBytes = '1', id, ARGV[i + 3], addedBytes + more[i]
    retained[2 * count - 1], retained[2 * count] = removeAt, string.format('%d:%s', sizes[i], id)
  end
end
if #ended == 0 then return table.concat(replies) end
-- Removals go first: Redis allows them when its memory is full, and then the rest of the step too, so that what is in can be finished.
redis.call('ZREM', base .. ':leases', unpack(ended))
redis.call('ZREM', base .. ':deadlines', unpack(ended))
redis.call('HDEL', base .. ':running', unpack(ended))
for i, id in ipairs(ended) do redis.call('SET', base .. ':r:' .. id, records[i], 'PXAT', removeAt) end
--@include extend
if redis.call('ZADD', base .. ':retained', unpack(retained)) == redis.call('ZCARD', base .. ':retained') then
  -- An index that was emptied is gone with its expiry.
  redis.call('PEXPIREAT', base .. ':retained', string.format('%d', horizon))
end
if addedBytes ~= 0 then redis.call('HINCRBY', base, 'bytes', string.format('%d', addedBytes)) end
redis.call('PUBLISH', base .. ':changes', table.concat(ended, ' '))
departed(#ended)
return table.concat(replies)
