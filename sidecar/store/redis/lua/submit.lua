-- Accepts a batch of submissions.
-- ARGV: now, retention, largest queue, largest bytes (0: no quota), submit token, count, then for each:
--   id, mode, owner, webhook, fingerprint, time to live, reachable (-1: no matter), payload
-- Returns outcome and number for each, in order.
-- Guarantee: an accepted request has its record, payload, deadline and place in line, or none of them; repeating the call
-- with the same submit token accepts nothing twice.
--@include keys
--@include horizon
--@include gather
--@include finish
--@include accept
local limits, token = { queue = tonumber(ARGV[3]), bytes = tonumber(ARGV[4]) }, ARGV[5]
local replies, ids = {}, {}
for i = 1, tonumber(ARGV[6]) do ids[i] = ARGV[7 + (i - 1) * 8] end
lookUp(ids)
for i = 1, tonumber(ARGV[6]) do
  local at = 6 + (i - 1) * 8
  replies[#replies + 1], replies[#replies + 2] = accept(limits, {
    id = ARGV[at + 1], token = token .. i, mode = ARGV[at + 2], owner = ARGV[at + 3], webhook = ARGV[at + 4],
    fingerprint = ARGV[at + 5], ttl = tonumber(ARGV[at + 6]), reachable = tonumber(ARGV[at + 7]), payload = ARGV[at + 8],
  })
end
settleAccepted()
return replies
