-- Does what time asks for, at most `most` of each kind a call.
-- ARGV: now, retention, most, attempts allowed
-- Returns {ids of expired ones, leases taken back, ids of dead letters made, removed}.
-- Guarantee: repairs what a crash between two steps leaves behind. Scripts are atomic (also in the append-only file), so that
-- is only: a request under a lease whose replica died (taken back here), a request past its deadline (ended here), index
-- entries whose record Redis has expired (dropped here and by claim).
--@include keys
--@include horizon
--@include gather
--@include record
--@include line
--@include finish
local most, attemptsAllowed = tonumber(ARGV[3]), tonumber(ARGV[4])
local expired, takenBack, dead, removed = {}, 0, {}, 0
local function due(set) return redis.call('ZRANGEBYSCORE', set, '-inf', whole(now), 'LIMIT', 0, most) end

for _, id in ipairs(due(DEADLINES)) do
  local r = read(id)
  if r and r.state ~= 'x' then
    expire(id, r)
    expired[#expired + 1] = id
  else
    for _, set in ipairs({ DEADLINES, WAITING, DELAYED }) do drop(set, id) end
  end
end
settle()

for _, id in ipairs(due(LEASES)) do
  local r = read(id)
  drop(LEASES, id)
  if r and r.state == 'r' then
    takenBack = takenBack + 1
    if r.attempts >= attemptsAllowed then
      finish(id, r, 'f', 'lease_lost: its replica stopped answering during attempt ' .. r.attempts, NO_TOKEN)
      dead[#dead + 1] = id
    else
      r.state, r.token = 'q', NO_TOKEN
      if r.streamHead > 0 then
        r.streamHead = 0
        index(DEADLINES, whole(r.deadline), id)
      end
      write(id, r)
      enqueue(id, r)
      changed(id)
    end
  elseif not r then
    release(id)
  end
end
settleLine()

-- The records themselves expire in Redis.
for _, member in ipairs(due(KEPT)) do
  local held, count = string.match(member, '^(-?%d+):(-?%d+):')
  drop(KEPT, member)
  addBytes(0 - tonumber(held))
  removed = removed + tonumber(count)
end
settle()
redis.call('ZREMRANGEBYSCORE', DEAD, '-inf', whole(now - retention))

releaseDelayed(most)

-- Records that Redis expired while no replica was there to count have left their bytes behind.
if redis.call('EXISTS', WAITING, DELAYED, LEASES, KEPT) == 0 and redis.call('EXISTS', base) == 1 then
  redis.call('HSET', base, 'bytes', 0)
end
return { expired, takenBack, dead, math.max(removed, 0) }
