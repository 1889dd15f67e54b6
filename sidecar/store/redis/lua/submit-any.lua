-- Accepts one submission, or says why not, whatever is there under its id already.
-- ARGV and guarantee: as submit.lua, for one.
-- Returns outcome and number.
--@include keys
--@include horizon
--@include gather
--@include record
--@include finish
--@include accept
local timeToLive, reachable, size, ownerSize, idSize, at = struct.unpack('<ddI4HH', ARGV[5], 1)
local outcome, number = accept(string.sub(ARGV[5], at, at + idSize - 1), ARGV[6], timeToLive, reachable, size, ownerSize)
settleAccepted()
return outcome .. ' ' .. whole(number)
