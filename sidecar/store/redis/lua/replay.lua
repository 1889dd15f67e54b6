-- Makes a new request of a dead letter.
-- ARGV: now, retention, largest queue, largest bytes, old id, new id
-- Returns nothing where there is no such dead letter, else {outcome, number}.
-- Guarantee: a dead letter is replayed once; if the new request is refused it stays a dead letter.
--@include keys
--@include horizon
--@include gather
--@include record
--@include finish
--@include accept
local old, new = ARGV[5], ARGV[6]
if not redis.call('ZSCORE', DEAD, old) then return false end
local r, stored = readWhole(old)
-- Past its retention it is gone, swept up or not.
if not r or isGone(r) then return false end
local timeToLive = r.deadline - r.created
local text = struct.pack(HEAD, 'q', '-', r.mode, 0, 0, timeToLive, 0, 0, 0, 0, 0, 0, 0, 0, r.size, r.ownerSize, r.webhookSize, 0, NO_TOKEN)
  .. string.sub(stored, HEAD_SIZE + 1, HEAD_SIZE + r.namesSize + r.size)
local outcome, number = accept(new, text, timeToLive, -1, r.size, r.ownerSize)
if outcome == 'accepted' then drop(DEAD, old) end
settleAccepted()
return { outcome, number }
