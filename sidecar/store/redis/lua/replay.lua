-- Makes a new request of a dead letter.
-- ARGV: now, retention, largest queue, largest bytes, old id, new id, submit token
-- Returns nothing where there is no such dead letter, else {outcome, number}.
-- Guarantee: a dead letter is replayed once; if the new request is refused it stays a dead letter.
--@include keys
--@include horizon
--@include gather
--@include finish
--@include accept
local old, new = ARGV[5], ARGV[6]
if not redis.call('ZSCORE', DEAD, old) then return false end
local r = redis.call('HMGET', recordKey(old), 'm', 'o', 'w', 'h', 'd', 'c', 'rm')
local payload = redis.call('GET', payloadKey(old))
-- Past its retention it is gone, swept up or not.
if not r[1] or not payload or (r[7] and tonumber(r[7]) <= now) then return false end
local outcome, number = accept({ queue = tonumber(ARGV[3]), bytes = tonumber(ARGV[4]) }, {
  id = new, token = ARGV[7], mode = r[1], owner = r[2] or '', webhook = r[3] or '', fingerprint = r[4],
  ttl = tonumber(r[5]) - tonumber(r[6]), reachable = -1, payload = payload,
})
if outcome == 'accepted' then drop(DEAD, old) end
settleAccepted()
return { outcome, number }
