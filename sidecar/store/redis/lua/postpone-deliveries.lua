-- Deliveries that were claimed and not tried: each due again later, the try not counted. ARGV: now, retention, (id, wait in ms)...
--@include keys
--@include horizon
--@include gather
--@include record
for i = 3, #ARGV, 2 do
  local id = ARGV[i]
  local r = redis.call('ZSCORE', HOOKS, id) and read(id)
  if r then
    r.deliveries = math.max(r.deliveries - 1, 0)
    write(id, r)
    index(HOOKS, whole(now + tonumber(ARGV[i + 1])), id)
  end
end
settle()
return 1
