-- The rate at which requests leave the containers of the deployment while others wait: time between departures, averaged
-- with more weight on the last fifty. Idle time does not count: it says nothing of what the containers can do.
local function departed(count)
  local busy = tonumber(shared[4] or '0')
  local waits = redis.call('ZCARD', base .. ':waiting') > 0
  if not waits and busy == 0 then return end
  local fields = { 'busy', waits and string.format('%d', now) or '0' }
  if busy > 0 then
    local fade = 0.98 ^ count
    fields[3], fields[4] = 'rateTime', tonumber(shared[5] or '0') * fade + (now - busy)
    fields[5], fields[6] = 'rateCount', tonumber(shared[6] or '0') * fade + count
  end
  redis.call('HSET', base, unpack(fields))
end
