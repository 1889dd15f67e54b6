-- Accepts a batch of submissions.
-- ARGV: now, retention, largest queue, largest bytes (0: no quota), what is to be known of each, then the record of each (layout.lua).
--   Known of each, one behind the other: time to live, reachable (-1: no matter), sizes of content, owner and id; id.
-- Returns outcome and number for each, in order, as one text.
-- Guarantee: an accepted request has its record, payload, deadline and place in line, or none of them.
--@include keys
--@include horizon
--@include gather
--@include accept
local facts, at, replies = ARGV[5], 1, {}
for i = 6, #ARGV do
  local timeToLive, reachable, size, ownerSize, idSize, next = struct.unpack('<ddI4HH', facts, at)
  at = next + idSize
  local outcome, number = accept(string.sub(facts, next, at - 1), ARGV[i], timeToLive, reachable, size, ownerSize)
  replies[#replies + 1], replies[#replies + 2] = outcome, whole(number)
end
settleAccepted()
return table.concat(replies, ' ')
