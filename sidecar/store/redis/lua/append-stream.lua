-- Adds pieces to a recorded event stream, in order. ARGV: now, retention, id, token, pieces already added in this attempt, piece...
-- Returns 1, or 0 where the lease was lost or no stream was begun. Guarantee: repeating the call adds nothing twice.
--@include keys
--@include holder
local id, token, already = ARGV[3], ARGV[4], tonumber(ARGV[5])
local key, stream = recordKey(id), streamKey(id)
if standing(id, token) ~= 'holds' then return 0 end
local r = redis.call('HMGET', key, 'z', 'f')
if not r[2] then return 0 end
local last, sequence, size = tonumber(r[1]), tonumber(r[2]) + already, 0
for i = 6, #ARGV do
  sequence = sequence + 1
  if sequence > last then
    size = size + #ARGV[i]
    redis.call('XADD', stream, sequence .. '-0', 'bytes', ARGV[i])
  end
end
if sequence <= last then return 1 end
redis.call('HSET', key, 'z', sequence)
redis.call('HINCRBY', key, 'a', size)
redis.call('HINCRBY', base, 'bytes', size)
redis.call('PUBLISH', base .. ':c:' .. id, '')
return 1
