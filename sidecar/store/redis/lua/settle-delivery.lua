-- A delivery was made or given up, or is tried again later. ARGV: now, retention, id, wait in ms (-1: never)
--@include keys
if tonumber(ARGV[4]) < 0 then
  redis.call('ZREM', HOOKS, ARGV[3])
elseif redis.call('ZSCORE', HOOKS, ARGV[3]) then
  redis.call('ZADD', HOOKS, now + tonumber(ARGV[4]), ARGV[3])
end
return 1
