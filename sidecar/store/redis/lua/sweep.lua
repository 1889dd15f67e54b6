-- Does what time asks for, at most `most` of each kind a call.
-- ARGV: now, retention, most, attempts allowed
-- Returns {expired, leases taken back, dead letters made, removed}.
-- Guarantee: repairs what a crash between two steps leaves behind. Scripts are atomic (also in the append-only file), so that
-- is only: a request under a lease whose replica died (taken back here), a request past its deadline (ended here), index
-- entries whose record Redis has expired (dropped here and by claim).
--@include keys
--@include horizon
--@include gather
--@include line
--@include finish
local most, attemptsAllowed = tonumber(ARGV[3]), tonumber(ARGV[4])
local expired, takenBack, dead, removed = 0, 0, 0, 0
local function due(set) return redis.call('ZRANGEBYSCORE', set, '-inf', whole(now), 'LIMIT', 0, most) end

for _, id in ipairs(due(DEADLINES)) do
  local r = read(id)
  if r.state and r.state ~= 'done' then
    expire(id, r)
    expired = expired + 1
  else
    for _, set in ipairs({ DEADLINES, WAITING, DELAYED }) do drop(set, id) end
  end
end
settle()

for _, id in ipairs(due(LEASES)) do
  local key = recordKey(id)
  local r = redis.call('HMGET', key, 's', 'n', 'q', 'd', 'f')
  drop(LEASES, id)
  if r[1] == 'running' then
    takenBack = takenBack + 1
    if tonumber(r[2]) >= attemptsAllowed then
      finish(id, read(id), 'failed', 'lease_lost: its replica stopped answering during attempt ' .. r[2], '')
      dead = dead + 1
    else
      later('HSET', key, 's', 'queued', 'k', '')
      if r[5] then
        later('HDEL', key, 'f')
        index(DEADLINES, r[4], id)
      end
      enqueue(id, r[3])
      changed(id)
    end
  end
end
settleLine()

for _, member in ipairs(due(RETAINED)) do
  local held, id = string.match(member, '^(%d+):(.*)$')
  forget(id, held)
  removed = removed + 1
end
settle()

releaseDelayed(most)

-- Records that Redis expired while no replica was there to count have left their bytes behind.
if redis.call('EXISTS', WAITING, DELAYED, LEASES, RETAINED) == 0 and redis.call('EXISTS', base) == 1 then
  redis.call('HSET', base, 'bytes', 0)
end
return { expired, takenBack, dead, removed }
