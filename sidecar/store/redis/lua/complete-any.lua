-- Stores one answer, whatever became of its request: as complete.lua, which leaves to this step what is not plain.
-- ARGV: now, retention, id, token, answer
-- Returns 1, or 0 where the lease was lost and nothing was written.
--@include keys
--@include horizon
--@include gather
--@include record
--@include finish
--@include holder
--@include departures
local id, token, answer = ARGV[3], ARGV[4], ARGV[5]
local r = read(id)
local where = judge(r, token)
if where ~= 'holds' then return where == 'lost' and 0 or 1 end
if r.streamHead == 0 and r.streamLast > 0 then
  -- A stream of an earlier attempt that broke off: this answer is not its end.
  free(streamKey(id))
  addBytes(0 - r.streamSize)
  r.streamSize, r.streamLast = 0, 0
end
finish(id, r, 'a', '', token, r.mode == 'a' and answer)
settle()
departed(1)
return 1
