-- Whether a worker's token still counts for a request: 'holds'; 'repeated' if its earlier call has already left the state
-- `running`; 'lost' otherwise. Somebody else's write always clears or replaces the token.
local function standing(id, token)
  local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm')
  if r[2] ~= token or token == '' or (r[3] and tonumber(r[3]) <= now) then return 'lost' end
  if r[1] == 'running' then return 'holds' end
  return 'repeated'
end
