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
local r, bytes = readWhole(old)
-- Past its retention it is gone, swept up or not.
if not r or isGone(r) then return false end
local outcome, number = accept({ queue = tonumber(ARGV[3]), bytes = tonumber(ARGV[4]) }, {
  id = new, mode = r.mode, ttl = r.deadline - r.created, reachable = -1, size = r.size, ownerSize = r.ownerSize,
  webhookSize = r.webhookSize, text = string.sub(bytes, HEAD_SIZE + 1, HEAD_SIZE + r.textSize + r.size),
})
if outcome == 'accepted' then drop(DEAD, old) end
settleAccepted()
return { outcome, number }
