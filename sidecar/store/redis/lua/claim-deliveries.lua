-- Webhooks that are due, each given to one caller for a while. ARGV: now, retention, most, lease
-- Returns a list of {attempt, webhook, status fields}.
-- Guarantee: a delivery stays in the store until it is settled; if its deliverer dies it is due again after the lease.
--@include keys
--@include horizon
--@include gather
--@include record
--@include look
local replies = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', HOOKS, '-inf', now, 'LIMIT', 0, tonumber(ARGV[3]))) do
  local status, r = look(id)
  if status then
    r.deliveries = r.deliveries + 1
    write(id, r)
    index(HOOKS, whole(now + tonumber(ARGV[4])), id)
    replies[#replies + 1] = { r.deliveries, string.sub(r.names, FINGERPRINT_SIZE + r.ownerSize + 1), status }
  else
    drop(HOOKS, id)
  end
end
settle()
return replies
