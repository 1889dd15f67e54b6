-- Stores a batch of answers.
-- ARGV: now, retention, count, then for each: id, token, bytes, answer
-- Returns 1 or 0 (lease lost, nothing written) for each.
-- Guarantee: only the holder of the lease writes, once; its repeated call changes nothing and says 1.
--@include keys
--@include horizon
--@include line
--@include finish
--@include holder
--@include departures
local replies, count = {}, 0
for i = 1, tonumber(ARGV[3]) do
  local at = 3 + (i - 1) * 4
  local id, token = ARGV[at + 1], ARGV[at + 2]
  local where = standing(id, token)
  replies[i] = where == 'lost' and 0 or 1
  if where == 'holds' then
    redis.call('ZREM', LEASES, id)
    local key = recordKey(id)
    local r = redis.call('HMGET', key, 'm', 'f', 'a')
    local isKept = r[1] == 'async'
    local size = isKept and tonumber(ARGV[at + 3]) or 0
    if r[3] and not r[2] then
      -- A stream of an earlier attempt that broke off: this answer is not its end.
      redis.call('UNLINK', streamKey(id))
      size = size - tonumber(r[3])
    end
    if size ~= 0 then
      redis.call('HINCRBY', key, 'a', size)
      redis.call('HINCRBY', base, 'bytes', size)
    end
    local removeAt = finish(id, 'answered', '', token, false)
    if isKept then redis.call('SET', answerKey(id), ARGV[at + 4], 'PXAT', removeAt) end
    count = count + 1
  end
end
if count > 0 then departed(count) end
return replies
