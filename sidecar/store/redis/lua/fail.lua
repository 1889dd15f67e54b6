-- No response this time: back in line after a while, or a dead letter.
-- ARGV: now, retention, id, token, error, wait in ms (-1: no more attempts), 1 if the attempt counts
-- Returns 1, or 0 where the lease was lost and nothing was written.
-- Guarantee: as complete. A request that waits keeps its place by arrival.
--@include keys
--@include horizon
--@include gather
--@include line
--@include finish
--@include holder
--@include departures
local id, token, err, wait, counts = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7] == '1'
local where = standing(id, token)
if where ~= 'holds' then return where == 'lost' and 0 or 1 end
if wait < 0 then
  finish(id, read(id), 'failed', err, token)
  settle()
  departed(1)
  return 1
end
local key = recordKey(id)
drop(LEASES, id)
if not counts then later('HINCRBY', key, 'n', -1) end
if err ~= '' then later('HSET', key, 'e', err) end
-- A stream that broke off had ended the deadline; the next try is under it again.
local r = redis.call('HMGET', key, 'q', 'd', 'f')
if r[3] then
  later('HDEL', key, 'f')
  index(DEADLINES, r[2], id)
end
if wait > 0 then
  later('HSET', key, 's', 'delayed')
  index(DELAYED, whole(now + wait), id)
else
  later('HSET', key, 's', 'queued')
  enqueue(id, r[1])
end
changed(id)
settleLine()
return 1
