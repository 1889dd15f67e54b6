-- Counts of a deployment. ARGV: now, retention
-- Returns {queued, running, dead letters, oldest queued at (-1: none), stored bytes, rate time, rate count}.
--@include keys
--@include horizon
--@include gather
--@include record
local c = redis.call('HMGET', base, 'bytes', 'busy', 'rateTime', 'rateCount')
local first = redis.call('ZRANGE', WAITING, 0, 0)[1] or redis.call('ZRANGE', DELAYED, 0, 0)[1]
local oldest = first and read(first)
local busy, rateTime, rateCount = tonumber(c[2] or '0'), tonumber(c[3] or '0'), tonumber(c[4] or '0')
-- A departure that is late already makes the rate smaller, not only when it happens.
if busy > 0 and rateCount > 0 and now - busy > rateTime / rateCount then rateTime = rateTime + (now - busy) end
return { redis.call('ZCARD', WAITING) + redis.call('ZCARD', DELAYED), redis.call('ZCARD', LEASES),
  redis.call('ZCARD', DEAD), oldest and whole(oldest.created) or '-1', c[1] or '0', tostring(rateTime), tostring(rateCount) }
