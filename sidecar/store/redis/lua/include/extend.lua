if neededUntil > horizon then
  horizon = neededUntil + 3600000
  local untilText = string.format('%d', horizon)
  redis.call('HSET', base, 'horizon', untilText)
  redis.call('PEXPIREAT', base, untilText)
  for _, name in ipairs({ 'running', 'waiting', 'delayed', 'leases', 'deadlines', 'kept', 'dead', 'hooks' }) do
    redis.call('PEXPIREAT', base .. ':' .. name, untilText)
  end
end
