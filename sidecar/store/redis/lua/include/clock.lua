-- ARGV[1] is the time in ms or 0: then Redis' own clock counts, so that replicas whose clocks differ agree. ARGV[2] is how long a
-- done request is kept, in ms. The names of all keys begin with `base` (keys.lua).
local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
