-- The rate at which requests leave the containers of the deployment while others wait: time between departures, averaged
-- with more weight on the last fifty. Idle time does not count: it says nothing of what the containers can do.
local function departed(count)
  local c = redis.call('HMGET', base, 'busy', 'rateTime', 'rateCount')
  local busy = tonumber(c[1] or '0')
  if busy > 0 then
    local fade = 0.98 ^ count
    redis.call('HSET', base, 'rateTime', tonumber(c[2] or '0') * fade + (now - busy),
      'rateCount', tonumber(c[3] or '0') * fade + count)
  end
  local waits = redis.call('ZCARD', WAITING) > 0
  if waits or busy > 0 then redis.call('HSET', base, 'busy', waits and now or 0) end
end
