-- Heartbeat of a replica for all that it runs.
-- ARGV: now, retention, length of lease, then id and token for each
-- Returns held, lost, canceled or expired for each.
-- Guarantee: a lease that is held lasts that long from now; nothing ends here.
--@include keys
--@include horizon
--@include gather
--@include record
local leaseEnd = now + tonumber(ARGV[3])
local replies = {}
drop(LEASES, '')
for at = 4, #ARGV, 2 do
  local id, token = ARGV[at], ARGV[at + 1]
  local r = read(id)
  local state = 'lost'
  if r and r.state == 'x' then
    if not isGone(r) and r.outcome == 'c' then state = 'canceled' end
    if not isGone(r) and r.outcome == 'e' then state = 'expired' end
  elseif r and r.state == 'r' and r.token == token then
    if r.streamHead == 0 and r.deadline <= now then
      state = 'expired'
    else
      state = 'held'
      index(LEASES, whole(leaseEnd), id)
      -- A stream may run past deadline and retention; its keys must not.
      local keep = leaseEnd + retention
      if r.streamHead > 0 then
        for _, key in ipairs({ recordKey(id), streamKey(id) }) do later('PEXPIREAT', key, whole(keep)) end
        extendHorizon(keep)
      end
    end
  end
  replies[#replies + 1] = state
end
settle()
return replies
