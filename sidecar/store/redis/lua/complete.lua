-- Stores a batch of answers.
-- ARGV: now, retention, bytes of all their contents, bytes they take more than before, then the id of each, then the finished record
--   of each (layout.lua), which names its lease
-- Returns, as one text, the place in the batch (from 1) of each whose lease was lost, or which has a recorded stream: nothing was
--   written for it, ask complete-any.
-- Guarantee: only the holder of the lease writes, once; its repeated call changes nothing.
--@include clock
--@include shared
--@include layout
--@include departures
local held, addedBytes, count, running = tonumber(ARGV[3]), tonumber(ARGV[4]), (#ARGV - 4) / 2, base .. ':running'
local leases = redis.call('HMGET', running, unpack(ARGV, 5, 4 + count))
local neededUntil, left, ended, places, done, seqOfOne = now + retention, {}, {}, {}, {}, nil
local removeAt = string.format('%d', neededUntil)
for i = 1, count do
  local id, record, lease = ARGV[4 + i], ARGV[4 + count + i], leases[i]
  if lease and not done[id] and string.sub(lease, TOKEN_AT, HEAD_SIZE) == string.sub(record, TOKEN_AT, HEAD_SIZE)
    and string.sub(lease, STREAM_LAST_AT, STREAM_LAST_AT + 3) == NO_STREAM then
    seqOfOne = seqOfOne or struct.unpack('<d', lease, SEQ_AT)
    done[id] = true
    ended[#ended + 1], places[#places + 1] = id, i
  else
    left[#left + 1] = string.format('%d', i)
  end
end
if #ended == 0 then return table.concat(left, ' ') end
if #left > 0 then
  held, addedBytes = 0, 0
  for _, i in ipairs(places) do
    local size = struct.unpack('<I4', ARGV[4 + count + i], SIZE_AT)
    held, addedBytes = held + size, addedBytes + size - struct.unpack('<I4', leases[i], SIZE_AT)
  end
end
-- Removals go first: Redis allows them when its memory is full, and then the rest of the step too, so that what is in can be finished.
redis.call('ZREM', base .. ':leases', unpack(ended))
redis.call('ZREM', base .. ':deadlines', unpack(ended))
redis.call('HDEL', running, unpack(ended))
for at, id in ipairs(ended) do redis.call('SET', base .. ':r:' .. id, ARGV[4 + count + places[at]], 'PXAT', removeAt) end
--@include extend
redis.call('ZADD', base .. ':kept', removeAt, string.format('%d:%d:%d', held, #ended, seqOfOne))
-- An index that was emptied is gone with its expiry.
if redis.call('ZCARD', base .. ':kept') == 1 then redis.call('PEXPIREAT', base .. ':kept', string.format('%d', horizon)) end
if addedBytes ~= 0 then redis.call('HINCRBY', base, 'bytes', string.format('%d', addedBytes)) end
redis.pcall('PUBLISH', base .. ':changes', table.concat(ended, ' '))
departed(#ended)
return table.concat(left, ' ')
