-- Begins the recording of a container's event stream. ARGV: now, retention, id, token, head
-- Returns 1, or 0 where the lease was lost. Guarantee: pieces of an earlier attempt are dropped, their sequence numbers never
-- used again; the deadline does not count any more.
--@include keys
--@include holder
local id, token, head = ARGV[3], ARGV[4], ARGV[5]
if standing(id, token) ~= 'holds' then return 0 end
local key, stream = recordKey(id), streamKey(id)
redis.call('ZREM', DEADLINES, id)
redis.call('UNLINK', stream)
local r = redis.call('HMGET', key, 'z', 'a')
redis.call('HINCRBY', base, 'bytes', #head - tonumber(r[2] or '0'))
local sequence = tonumber(r[1] or '0') + 1
redis.call('HSET', key, 'f', sequence, 'z', sequence, 'a', #head)
redis.call('XADD', stream, sequence .. '-0', 'start', head)
redis.call('PEXPIRE', stream, redis.call('PTTL', key))
redis.call('PUBLISH', base .. ':c:' .. id, '')
return 1
