local shared = redis.call('HMGET', base, 'horizon', 'seq', 'bytes', 'busy', 'rateTime', 'rateCount')
local horizon = tonumber(shared[1] or '0')
