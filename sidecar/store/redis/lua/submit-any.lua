-- Accepts what submit did not, or says of each why not, whatever is there under its id already.
-- ARGV: now, retention, largest queue, largest bytes (0: no quota), then id, time to live, the longest line in which it makes its
--   deadline (-1: any) and record of each
-- Returns outcome and number of each, in order. Guarantee: as submit.lua.
--@include keys
--@include horizon
--@include gather
--@include record
--@include finish
--@include accept
local replies = {}
for i = 5, #ARGV, 4 do
  local at = #replies
  local size, ownerSize = struct.unpack('<I4H', ARGV[i + 3], SIZE_AT)
  replies[at + 1], replies[at + 2] = accept(ARGV[i], ARGV[i + 3], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), size, ownerSize)
end
settleAccepted()
return replies
