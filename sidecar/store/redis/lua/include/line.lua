-- The waiting line. Replicas rest only when it is empty, so that only the first entry needs to wake them.
local function enqueue(id, seq)
  index(WAITING, seq, id)
  if redis.call('ZCARD', WAITING) == 1 then redis.call('PUBLISH', base .. ':work', '') end
end

-- Requests whose backoff is over go back to their place by arrival.
local function releaseDelayed(max)
  local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, max)
  for _, id in ipairs(due) do
    redis.call('ZREM', DELAYED, id)
    local key = recordKey(id)
    local seq = redis.call('HGET', key, 'q')
    if seq then
      redis.call('HSET', key, 's', 'queued')
      enqueue(id, seq)
    end
  end
end

local function changed(id) redis.call('PUBLISH', base .. ':c:' .. id, '') end
