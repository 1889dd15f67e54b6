-- No response this time: back in line after a while, or a dead letter.
-- ARGV: now, retention, id, token, error, wait in ms (-1: no more attempts), 1 if the attempt counts
-- Returns 1, or 0 where the lease was lost and nothing was written.
-- Guarantee: as complete. A request that waits keeps its place by arrival.
--@include keys
--@include horizon
--@include gather
--@include record
--@include line
--@include finish
--@include holder
--@include departures
local id, token, err, wait, counts = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7] == '1'
local r = read(id)
local where = judge(r, token)
if where ~= 'holds' then return where == 'lost' and 0 or 1 end
if wait < 0 then
  finish(id, r, 'f', err, token)
  settle()
  departed(1)
  return 1
end
drop(LEASES, id)
if not counts then r.attempts = r.attempts - 1 end
if err ~= '' then
  r.errorSize = #err
  later('SETRANGE', recordKey(id), HEAD_SIZE + r.namesSize + r.size, err)
end
-- A stream that broke off had ended the deadline; the next try is under it again.
if r.streamHead > 0 then
  r.streamHead = 0
  index(DEADLINES, whole(r.deadline), id)
end
if wait > 0 then
  r.state = 'd'
  index(DELAYED, whole(now + wait), id)
else
  r.state = 'q'
  enqueue(id, r)
end
write(id, r)
changed(id)
settleLine()
return 1
