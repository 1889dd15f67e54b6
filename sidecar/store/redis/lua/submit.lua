-- Accepts a batch of submissions.
-- ARGV: now, retention, largest queue, largest bytes (0: no quota), count, then for each:
--   id, submit token, mode, owner, webhook, fingerprint, time to live, bytes, reachable (-1: no matter), payload
-- Returns {outcome, number} for each, in order.
-- Guarantee: an accepted request has its record, payload, deadline and place in line, or none of them; repeating the call
-- with the same submit token accepts nothing twice.
--@include keys
--@include horizon
--@include line
--@include finish
--@include accept
local limits = { queue = tonumber(ARGV[3]), bytes = tonumber(ARGV[4]) }
local replies = {}
for i = 1, tonumber(ARGV[5]) do
  local at = 5 + (i - 1) * 10
  replies[i] = accept(limits, {
    id = ARGV[at + 1], token = ARGV[at + 2], mode = ARGV[at + 3], owner = ARGV[at + 4], webhook = ARGV[at + 5],
    fingerprint = ARGV[at + 6], ttl = tonumber(ARGV[at + 7]), size = tonumber(ARGV[at + 8]),
    reachable = tonumber(ARGV[at + 9]), payload = ARGV[at + 10],
  })
end
return replies
