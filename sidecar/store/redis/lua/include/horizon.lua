-- Every key expires, also those shared by all requests: they outlive the last request by up to an hour.
local horizon = tonumber(redis.call('HGET', base, 'horizon') or '0')

local function extendHorizon(untilMs)
  if untilMs <= horizon then return end
  horizon = untilMs + 3600000
  redis.call('HSET', base, 'horizon', horizon)
  for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
    redis.call('PEXPIREAT', key, horizon)
  end
end

-- An index that was emptied is gone with its expiry; the first entry gives it one again.
local function index(key, score, member)
  if redis.call('ZADD', key, score, member) == 1 and redis.call('ZCARD', key) == 1 then
    redis.call('PEXPIREAT', key, horizon)
  end
end
