-- Cancels what waits or runs, deletes what is done.
-- ARGV: now, retention, id
-- Returns canceled, deleted or not_found.
-- Guarantee: after `canceled` no worker's answer is taken any more; the replica that runs it is told at once.
--@include keys
--@include horizon
--@include gather
--@include record
--@include finish
local id = ARGV[3]
local r = read(id)
if not r or isGone(r) then return 'not_found' end
if r.state == 'x' then
  forget(id, r)
  settle()
  return 'deleted'
end
local isRunning = r.state == 'r'
finish(id, r, 'c', 'canceled', NO_TOKEN)
settle()
if isRunning then redis.pcall('PUBLISH', base .. ':cancel', id) end
return 'canceled'
