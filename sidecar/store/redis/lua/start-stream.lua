-- Begins the recording of a container's event stream. ARGV: now, retention, id, token, head
-- Returns 1, or 0 where the lease was lost. Guarantee: pieces of an earlier attempt are dropped, their sequence numbers never
-- used again; the deadline does not count any more.
--@include keys
--@include horizon
--@include gather
--@include record
--@include holder
local id, token, start = ARGV[3], ARGV[4], ARGV[5]
local r = read(id)
if judge(r, token) ~= 'holds' then return 0 end
local stream, sequence = streamKey(id), r.streamLast + 1
redis.call('ZREM', DEADLINES, id)
redis.call('UNLINK', stream)
addBytes(#start - r.streamSize)
r.streamHead, r.streamLast, r.streamSize = sequence, sequence, #start
write(id, r)
settle()
redis.call('XADD', stream, whole(sequence) .. '-0', 'start', start)
redis.call('PEXPIRE', stream, redis.call('PTTL', recordKey(id)))
redis.pcall('PUBLISH', base .. ':c:' .. id, '')
return 1
