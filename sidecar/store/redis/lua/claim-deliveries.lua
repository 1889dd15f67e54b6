-- Webhooks that are due, each given to one caller for a while. ARGV: now, retention, most, lease
-- Returns a list of {attempt, webhook, status fields}.
-- Guarantee: a delivery stays in the store until it is settled; if its deliverer dies it is due again after the lease.
--@include keys
--@include look
local replies = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', HOOKS, '-inf', now, 'LIMIT', 0, tonumber(ARGV[3]))) do
  local status = look(id)
  if status then
    redis.call('ZADD', HOOKS, now + tonumber(ARGV[4]), id)
    local attempt = redis.call('HINCRBY', recordKey(id), 'wa', 1)
    replies[#replies + 1] = { attempt, redis.call('HGET', recordKey(id), 'w'), status }
  else
    redis.call('ZREM', HOOKS, id)
  end
end
return replies
