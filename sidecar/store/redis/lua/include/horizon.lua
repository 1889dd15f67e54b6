-- Every key expires, also those shared by all requests: they outlive the last request by up to an hour.
-- All that the steps need of the deployment's own hash is read here, once.
local shared = redis.call('HMGET', base, 'horizon', 'seq', 'bytes', 'busy', 'rateTime', 'rateCount')
local horizon = tonumber(shared[1] or '0')
local neededUntil = 0

-- Written by settle, not at once: it must not be a step's first write (gather.lua says why).
local function extendHorizon(untilMs)
  if untilMs > neededUntil then neededUntil = untilMs end
end

local function writeHorizon()
  if neededUntil <= horizon then return end
  horizon = neededUntil + 3600000
  redis.call('HSET', base, 'horizon', whole(horizon))
  for _, key in ipairs({ base, RUNNING, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
    redis.call('PEXPIREAT', key, whole(horizon))
  end
end
