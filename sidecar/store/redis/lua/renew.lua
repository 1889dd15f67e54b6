-- Heartbeat of a replica for all that it runs.
-- ARGV: now, retention, length of lease, then id and token for each
-- Returns held, lost, canceled or expired for each.
-- Guarantee: a lease that is held lasts that long from now; nothing ends here.
--@include keys
--@include horizon
--@include gather
local leaseEnd = now + tonumber(ARGV[3])
local replies = {}
drop(LEASES, '')
for at = 4, #ARGV, 2 do
  local id, token = ARGV[at], ARGV[at + 1]
  local key = recordKey(id)
  local r = redis.call('HMGET', key, 's', 'k', 'd', 'f', 'x', 'rm')
  local state = 'lost'
  local isGone = r[6] and tonumber(r[6]) <= now
  if r[1] == 'done' and not isGone and (r[5] == 'canceled' or r[5] == 'expired') then
    state = r[5]
  elseif r[1] == 'running' and r[2] == token then
    if not r[4] and tonumber(r[3]) <= now then
      state = 'expired'
    else
      state = 'held'
      index(LEASES, whole(leaseEnd), id)
      -- A stream may run past deadline and retention; its keys must not.
      local keep = leaseEnd + retention
      if r[4] then
        for _, k in ipairs({ key, payloadKey(id), streamKey(id) }) do later('PEXPIREAT', k, whole(keep)) end
        extendHorizon(keep)
      end
    end
  end
  replies[#replies + 1] = state
end
settle()
return replies
