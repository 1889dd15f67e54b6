-- The waiting line. Replicas rest only when it is empty, so that only the first entries need to wake them.
local function wakeIfFirst(added)
  if redis.call('ZCARD', WAITING) == added then redis.pcall('PUBLISH', base .. ':work', '') end
end

-- Back in line, at its place by arrival: in the line when the step settles.
local enqueued = 0
local function enqueue(id, r)
  index(WAITING, whole(r.seq), id)
  enqueued = enqueued + 1
end

local function settleLine()
  settle()
  if enqueued > 0 then wakeIfFirst(enqueued) end
  enqueued = 0
end

-- Requests whose backoff is over.
local function releaseDelayed(max)
  local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', whole(now), 'LIMIT', 0, max)
  if #due == 0 then return end
  for _, id in ipairs(due) do
    drop(DELAYED, id)
    local r = read(id)
    if r then
      r.state = 'q'
      write(id, r)
      enqueue(id, r)
    end
  end
  settleLine()
end
