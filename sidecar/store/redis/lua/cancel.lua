-- Cancels what waits or runs, deletes what is done.
-- ARGV: now, retention, id
-- Returns canceled, deleted or not_found.
-- Guarantee: after `canceled` no worker's answer is taken any more; the replica that runs it is told at once.
--@include keys
--@include horizon
--@include gather
--@include finish
local id = ARGV[3]
local r = redis.call('HMGET', recordKey(id), 's', 'rm', 'held')
if not r[1] or (r[2] and tonumber(r[2]) <= now) then return 'not_found' end
if r[1] == 'done' then
  forget(id, r[3])
  settle()
  return 'deleted'
end
finish(id, read(id), 'canceled', 'canceled', '')
settle()
if r[1] == 'running' then redis.call('PUBLISH', base .. ':cancel', id) end
return 'canceled'
